"""The endpoints of catalog: who may call them, and what a call costs. Walked by `tests/test_endpoints.py`."""

from tests.endpoint import Endpoint

ENDPOINTS: list[Endpoint] = []
