"""Tests of `apps.mail`."""
