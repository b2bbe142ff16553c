"""A connection of the pool that notices a restart of PostgreSQL, and that is rarely checked otherwise.

Source: https://www.psycopg.org/psycopg3/docs/advanced/pool.html#connection-quality
"""

from select import POLLIN, poll
from time import monotonic
from typing import Any

import psycopg
from django.db import connection

# A check costs a round trip. A network failure without a closed socket is noticed after this time.
SECONDS_BETWEEN_CHECKS = 5.0


class PooledConnection(psycopg.Connection[Any]):
    """Replace all idle connections of the pool once one of them fails its health check.

    On its own, the pool checks its connections one by one, with growing pauses: a request would time out before it
    gets a new one.
    """

    _checked = 0.0

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> psycopg.Cursor[Any]:
        """Run a query. The pool checks a connection by an empty one. Django runs all others through cursors."""
        try:
            if query == "" and self._is_known_to_work():
                return self.cursor()
            cursor = super().execute(query, *args, **kwargs)
        except psycopg.OperationalError:
            connection.pool.drain()  # type: ignore[attr-defined] # of PostgreSQL connections only
            raise
        self._checked = monotonic()
        return cursor

    def _is_known_to_work(self) -> bool:
        """Return whether the connection was checked lately. If the server has closed it, there is something to read."""
        socket = poll()
        socket.register(self, POLLIN)
        return monotonic() - self._checked < SECONDS_BETWEEN_CHECKS and not socket.poll(0)
