"""A connection of the pool that notices a restart of PostgreSQL.

Source: https://www.psycopg.org/psycopg3/docs/advanced/pool.html#connection-quality
"""

from typing import Any

import psycopg
from django.db import connection


class PooledConnection(psycopg.Connection[Any]):
    """Replace all idle connections of the pool once one of them fails its health check.

    On its own, the pool checks its connections one by one, with growing pauses: a request would time out before it
    gets a new one.
    """

    def execute(self, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        """Run the health check of the pool. Nothing else calls this: Django runs queries through cursors."""
        try:
            return super().execute(*args, **kwargs)
        except psycopg.OperationalError:
            connection.pool.drain()  # type: ignore[attr-defined] # of PostgreSQL connections only
            raise
