"""XDS.b metadata: the model, its rules, its ebXML form, and one module per transaction."""
