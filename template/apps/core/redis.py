"""A client of Redis that waits once for a server that does not answer, and not once for each command.

A server that is gone refuses at once. One that takes connections and says nothing costs whoever asks the whole timeout,
and a request asks the cache several times: for its throttles, for what it reads, for what it changes.
"""

import time
from typing import Any
from weakref import WeakKeyDictionary

import redis
import structlog

log = structlog.get_logger(__name__)

# What a server that is away makes of a command.
AWAY = (redis.ConnectionError, redis.TimeoutError)
# For so long nobody asks again. What is invalidated meanwhile is missed, so it is no longer than a request takes.
AWAY_SECONDS = 1.0

# Until when, for each pool of connections. A process has one for each server, which all of its threads share.
_away_until: WeakKeyDictionary[redis.ConnectionPool, float] = WeakKeyDictionary()


class ImpatientRedis(redis.Redis):
    """The client of the cache. Pipelines, which `set_many` alone makes, wait each time."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command, and return what comes back.

        Raises:
            redis.ConnectionError: The server is away, or was a moment ago.
            redis.TimeoutError: It does not answer.
        """
        if time.monotonic() < _away_until.get(self.connection_pool, 0):
            raise redis.ConnectionError("It was away a moment ago.")
        try:
            result = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except AWAY as error:
            _away_until[self.connection_pool] = time.monotonic() + AWAY_SECONDS
            # Whoever ignores the error need not say so for each command.
            log.warning("redis_away", error=str(error))
            raise
        if _away_until.pop(self.connection_pool, None):
            log.info("redis_back")
        return result
