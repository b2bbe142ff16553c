"""Connections that PostgreSQL has closed.

Source: https://www.psycopg.org/psycopg3/docs/advanced/pool.html#connection-quality
"""

from typing import Any

import psycopg
from psycopg_pool import ConnectionPool


class PooledConnection(psycopg.Connection[Any]):
    """A connection of the pool, which takes the idle ones along when it turns out to be dead.

    A server that was restarted has closed them all. The pool looks at one after the other, with longer and longer pauses
    between them, and a request would give up before it comes to a new one.
    """

    def execute(self, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        """Run what the pool asks, to see whether the connection lives. Django's own queries go by cursors.

        Raises:
            psycopg.OperationalError: It does not.
        """
        try:
            return super().execute(*args, **kwargs)
        except psycopg.OperationalError:
            if isinstance(self._pool, ConnectionPool):
                self._pool.drain()
            raise
