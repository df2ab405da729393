"""Strict outside systems: DMP, token issuer, test PKI."""
