"""Count requests against rates, exactly under concurrency: by GCRA in Redis, or in memory without Redis.

Each count is one number, the time at which the rate is unused again. While Redis is unavailable, nothing is counted.

Source: https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
"""

import threading
import time
from collections.abc import Mapping
from functools import cache

import redis
import structlog
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django_redis import get_redis_connection
from django_redis.cache import RedisCache

log = structlog.get_logger(__name__)

_SECONDS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
# Times in microseconds. Counts for all rates or for none, as they are now. Returns how long to wait.
_SCRIPT = """
local clock = redis.call('TIME')
local now, wait, unused = clock[1] * 1000000 + clock[2], 0, {}
for i, key in ipairs(KEYS) do
    local stored = math.min(tonumber(redis.call('GET', key) or 0), now + ARGV[2 * i])
    unused[i] = math.max(stored, now) + ARGV[2 * i - 1]
    wait = math.max(wait, unused[i] - now - ARGV[2 * i])
end
if wait == 0 then
    for i, key in ipairs(KEYS) do
        redis.call('SET', key, string.format('%.0f', unused[i]), 'PX', math.ceil((unused[i] - now) / 1000))
    end
end
return wait
"""
_MAX_IN_MEMORY = 10_000
_lock = threading.Lock()
_unused: dict[str, int] = {}


@cache
def parse_rate(text: str, times: int = 1) -> tuple[int, int]:
    """Parse a rate such as "100/hour", or a multiple of it: so many requests at once, then one per interval.

    Returns:
        The microseconds per request, and for all requests.

    Raises:
        ImproperlyConfigured: The text is no rate.
    """
    number, _, period = text.partition("/")
    try:
        count, microseconds = int(number) * times, _SECONDS[period[:1]] * 1_000_000
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{text!r} is no throttle rate: write it as 100/hour.") from error
    if not 1 <= count <= microseconds:
        raise ImproperlyConfigured(f"{text!r} is too low or too high for a throttle rate.")
    return microseconds // count, microseconds


def count(rates: Mapping[str, tuple[int, int]]) -> float:
    """Count a request against each rate, unless one of them is used up.

    Args:
        rates: The parsed rates by the name of their count, such as `anon:192.0.2.1`.

    Returns:
        The seconds until all of them allow a request; 0 if this one is allowed, and counted.
    """
    store = caches["default"]
    keys = [store.make_key(f"rate:{name}") for name in rates]
    if not isinstance(store, RedisCache):
        return _count_in_memory(dict(zip(keys, rates.values(), strict=True))) / 1_000_000
    try:
        numbers = [number for rate in rates.values() for number in rate]
        wait = get_redis_connection().eval(_SCRIPT, len(keys), *keys, *numbers)
    except redis.ResponseError as error:
        # A replica, or a user who may run no scripts.
        log.warning("rate_not_counted", error=str(error))
        return 0
    except redis.RedisError:  # the circuit breaker has logged it
        return 0
    return int(wait) / 1_000_000


def _count_in_memory(rates: Mapping[str, tuple[int, int]]) -> int:
    with _lock:
        now = time.monotonic_ns() // 1000
        if len(_unused) > _MAX_IN_MEMORY:
            for key in [key for key, unused in _unused.items() if unused < now]:
                del _unused[key]
        unused = {
            key: max(min(_unused.get(key, 0), now + period), now) + interval
            for key, (interval, period) in rates.items()
        }
        wait = max(unused[key] - now - period for key, (_, period) in rates.items())
        if wait <= 0:
            _unused.update(unused)
        return max(wait, 0)
