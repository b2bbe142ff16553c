"""Primary keys."""

import uuid

from uuid_utils.compat import uuid7


def generate_id() -> uuid.UUID:
    """Return a new UUIDv7 (RFC 9562): unique, and sorted by creation. Migrations import this function."""
    return uuid7()
