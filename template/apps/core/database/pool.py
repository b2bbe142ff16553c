"""A pooled connection that lets the pool recover from a restart of PostgreSQL.

Source: https://www.psycopg.org/psycopg3/docs/advanced/pool.html#connection-quality
"""

from typing import Any, cast

import psycopg
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper


class PooledConnection(psycopg.Connection[Any]):
    """Replace all idle connections of the pool when one of them turns out to be closed.

    A restart of PostgreSQL closes every connection. The pool checks one after another, with growing pauses in between,
    so a request would time out before it reached a new one.
    """

    def execute(self, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        """Run the check of the pool. Django runs its own queries on cursors.

        Raises:
            psycopg.OperationalError: The connection is closed.
        """
        try:
            return super().execute(*args, **kwargs)
        except psycopg.OperationalError:
            if pool := cast("DatabaseWrapper", connection).pool:
                pool.drain()
            raise
