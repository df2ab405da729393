"""CDA documents built and checked."""
