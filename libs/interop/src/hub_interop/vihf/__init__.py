"""The VIHF: the signed SAML assertion that says who asks what of the DMP, for which structure and which patient."""
