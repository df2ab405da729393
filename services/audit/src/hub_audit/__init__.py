"""One audit record for every fact."""
