"""An unavailable database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def unavailable_database() -> Iterator[None]:
    """Point the database connection at a port where no server listens, for the time of a `with` block."""
    settings = connection.settings_dict
    original = dict(settings)
    # A method of PostgreSQL connections only.
    connection.close_pool()  # type: ignore[attr-defined]
    connection.close()
    settings.update(HOST="127.0.0.1", PORT="1", OPTIONS={"connect_timeout": 1})
    try:
        yield
    finally:
        connection.close()
        settings.clear()
        settings.update(original)
