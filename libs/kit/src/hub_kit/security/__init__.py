"""Keys, sealing, signatures, TLS and tokens."""
