"""The migrations of catalog."""
