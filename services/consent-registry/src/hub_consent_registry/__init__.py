"""Oppositions and the alimentation matrix."""
