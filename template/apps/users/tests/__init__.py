"""Tests of `apps.users`."""
