"""Migrations of the mail app."""
