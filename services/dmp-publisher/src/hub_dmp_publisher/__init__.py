"""The DMP connector."""
