"""SOAP 1.2 with WS-Addressing, a SAML assertion and MTOM/XOP: composing requests, reading answers (no network)."""
