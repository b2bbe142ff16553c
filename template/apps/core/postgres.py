"""A pool of connections to a PostgreSQL that is restarted, or away for a while.

Source: https://www.psycopg.org/psycopg3/docs/advanced/pool.html#connection-quality
"""

from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg_pool import ConnectionPool

# Seconds that a request waits for a connection when the server has just refused one.
BRIEF_TIMEOUT = 0.5

# How long it waits otherwise, by pool, where that was changed once.
_timeouts: WeakKeyDictionary[ConnectionPool[Any], float] = WeakKeyDictionary()


def be_brief(pool: ConnectionPool[Any]) -> None:
    """Have whoever asks a pool for a connection not wait for long, since its server refuses them.

    Each who waits holds a thread, and so others up, and a probe. A connection that lives ends it.
    """
    _timeouts.setdefault(pool, pool.timeout)
    pool.timeout = min(pool.timeout, BRIEF_TIMEOUT)


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
        pool = self._pool if isinstance(self._pool, ConnectionPool) else None
        try:
            cursor = super().execute(*args, **kwargs)
        except psycopg.OperationalError:
            if pool:
                pool.drain()
            raise
        if pool:
            pool.timeout = _timeouts.get(pool, pool.timeout)
        return cursor
