"""Tests of `apps.catalog`."""
