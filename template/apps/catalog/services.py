"""Changing catalog. Each function is one transaction."""
