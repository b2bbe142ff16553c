"""Tests of `apps.orders`."""
