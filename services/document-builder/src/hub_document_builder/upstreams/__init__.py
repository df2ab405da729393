"""What document-builder asks outside its own process: the press and the official schematrons, both child processes."""
