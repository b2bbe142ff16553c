"""Shared code of all apps. It imports no other app."""
