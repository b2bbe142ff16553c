"""Reading catalog."""
