"""A circuit breaker for Redis: after a failed command, the next ones fail without waiting for the server."""

import time
from typing import Any
from weakref import WeakKeyDictionary

import redis
import structlog

log = structlog.get_logger(__name__)

# Short, because cache invalidations are lost while the circuit is open.
OPEN_SECONDS = 1.0
# The threads of a process share one connection pool per server, and so one circuit.
_open_until: WeakKeyDictionary[redis.ConnectionPool, float] = WeakKeyDictionary()


class CircuitBreaker(redis.Redis):
    """The Redis client of the cache, with a circuit breaker. Pipelines bypass it."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if time.monotonic() < _open_until.get(self.connection_pool, 0):
            raise redis.ConnectionError("The circuit is open: Redis failed a moment ago.")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except (redis.ConnectionError, redis.TimeoutError) as error:
            _open_until[self.connection_pool] = time.monotonic() + OPEN_SECONDS
            log.warning("redis_unavailable", error=str(error))
            raise
