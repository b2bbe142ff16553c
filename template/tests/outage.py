"""A database that is away."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def database_away() -> Iterator[None]:
    """Point the connection at a port where nothing listens, for the time of a `with` block."""
    database = connections["default"].settings_dict
    kept = dict(database)
    # A method of PostgreSQL's connections only.
    connections["default"].close_pool()  # type: ignore[attr-defined]
    connections["default"].close()
    database.update(HOST="127.0.0.1", PORT="1", OPTIONS={"connect_timeout": 1})
    try:
        yield
    finally:
        database.clear()
        database.update(kept)
