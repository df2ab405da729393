"""Pure formats: INS, value sets, CDA, XDS, HL7v3, VIHF, SOAP, signatures."""
