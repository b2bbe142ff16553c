"""Helpers for the tests: renders, environments, servers and processes."""
