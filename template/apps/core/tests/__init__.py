"""Tests of `apps.core`."""
