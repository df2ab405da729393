"""HL7 v3 messages of the DMP (patient management), written and read without network."""
