"""Tests of the project as a whole. Those of an app are in its own `tests/`."""
