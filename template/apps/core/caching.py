"""Cache computed values, without cache stampedes and without stale values after an invalidation.

Each name has a random version in the cache, and the cache keys of its values contain the version. `cached` reads the
version, then computes the value. `invalidate_on_commit` deletes the version, and the next reader creates another one. A
computation that is still running stores its value under the old version, where no reader finds it.

If the cache is unavailable, every caller computes the value, and an invalidation is lost: the old value stays until its
timeout.
"""

import hashlib
import time
from collections.abc import Callable
from uuid import uuid4

from django.core.cache import cache
from django.db import transaction

VERSION_SECONDS = 24 * 60 * 60
# If the process that holds the lock dies, the lock ends after this time.
LOCK_SECONDS = 30
# Other callers wait this long for the value, and then compute it themselves.
WAIT_SECONDS = 3
POLL_SECONDS = 0.02


def cached[ValueT](name: str, *, key: str = "", timeout: int, compute: Callable[[], ValueT]) -> ValueT:
    """Return a value from the cache, or compute and store it. Of several concurrent callers, one computes.

    Do not call this in a transaction that has changed the data: other requests would read uncommitted data.

    Args:
        name: What to pass to `invalidate_on_commit`.
        key: Identifies one of several values with the same name, such as the URL of a page. Any text.
        timeout: Seconds until the value expires.
        compute: Returns the value, which must be JSON.
    """
    version = cache.get_or_set(_version_key(name), lambda: uuid4().hex, VERSION_SECONDS)
    cache_key = f"cached:{name}:{version}:{hashlib.sha256(key.encode()).hexdigest()}"
    lock, deadline = f"{cache_key}:lock", time.monotonic() + WAIT_SECONDS
    entry: dict[str, ValueT] | None
    while (entry := cache.get(cache_key)) is None:
        # None if the cache is unavailable.
        is_locked: bool | None = cache.add(lock, "", LOCK_SECONDS)
        if is_locked:
            try:
                # Another caller may have stored the value before this one got the lock.
                if (entry := cache.get(cache_key)) is None:
                    entry = {"value": compute()}
                    cache.set(cache_key, entry, timeout)
            finally:
                cache.delete(lock)
            break
        if is_locked is None or time.monotonic() > deadline:
            return compute()
        time.sleep(POLL_SECONDS)
    return entry["value"]


def invalidate_on_commit(*names: str) -> None:
    """Invalidate every value of these names when the current transaction commits."""
    transaction.on_commit(lambda: cache.delete_many([_version_key(name) for name in names]), robust=True)


def _version_key(name: str) -> str:
    return f"cached:{name}:version"
