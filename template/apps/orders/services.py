"""Changing orders. Each function is one transaction."""
