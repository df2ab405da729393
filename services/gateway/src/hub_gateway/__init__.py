"""The LGO API: acts in, follow-up out."""
