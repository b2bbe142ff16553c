"""Accounts: registration, sign-in, sessions, passwords and roles."""
