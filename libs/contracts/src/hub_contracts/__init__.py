"""Event envelope, event models, topics as data, error catalogue."""
