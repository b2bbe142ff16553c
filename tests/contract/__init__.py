"""How `tests/test_contract.py` has schemathesis call the generated API."""
