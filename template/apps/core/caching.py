"""Computed values in the cache: forgotten by name, and computed once however many ask.

A value lies under a token of its name, and the token is read before the value is computed. To invalidate a name is to
drop its token: the next reader makes another, at random. So what is computed from old data and stored late lies where
nobody looks any more, and a token that the cache loses brings no old value back.

Where the cache is away, nothing is kept and nobody waits. What is invalidated then can be seen until it expires.
"""

import hashlib
import time
from collections.abc import Callable
from typing import TypedDict
from uuid import uuid4

from django.core.cache import cache
from django.db import transaction

# A name that nobody invalidates gets a new token once a day, so that those of what is gone are not kept.
TOKEN_SECONDS = 24 * 60 * 60
# Whoever computes has this long before another may try.
LOCK_SECONDS = 30
# The others wait this long, then compute for themselves.
WAIT_SECONDS = 3
POLL_SECONDS = 0.02


class _Entry[ValueT](TypedDict):
    value: ValueT
    fresh_until: float


def cached[ValueT](name: str, *, key: str, timeout: int, compute: Callable[[], ValueT]) -> ValueT:
    """Return a value from the cache, computed where it is not there or too old.

    Of many that miss it at once one computes, and the others wait for it. Once the value is too old, they get the old
    one meanwhile. Not for inside a transaction that has changed what the value is made of.

    Args:
        name: What `invalidate` forgets.
        key: Which of the values of that name.
        timeout: Seconds until it is too old.
        compute: Makes the value: JSON, and not changed by whoever gets it.
    """
    token = _token(name)
    if token is None:
        return compute()
    # A key can be an address: too long for a cache, with characters that it may not take.
    place = f"cached:{name}:{token}:{hashlib.sha256(key.encode()).hexdigest()}"
    entry: _Entry[ValueT] | None = cache.get(place)
    if entry is not None and time.time() < entry["fresh_until"]:
        return entry["value"]
    deadline = time.monotonic() + WAIT_SECONDS
    holder = uuid4().hex
    while not (is_locked := _lock(place, holder)):
        if is_locked is None or time.monotonic() > deadline:
            return compute()
        if entry is not None:
            return entry["value"]
        time.sleep(POLL_SECONDS)
        entry = cache.get(place)
    try:
        # Somebody may have been done just before.
        entry = cache.get(place)
        if entry is not None and time.time() < entry["fresh_until"]:
            return entry["value"]
        value = compute()
        # Kept for as long again, for those who ask while it is computed anew.
        cache.set(place, {"value": value, "fresh_until": time.time() + timeout}, 2 * timeout)
        return value
    finally:
        # Unless it took too long, and the lock is another's by now.
        if cache.get(f"{place}:lock") == holder:
            cache.delete(f"{place}:lock")


def invalidate(*names: str) -> None:
    """Forget every value of these names."""
    cache.delete_many([_token_key(name) for name in names])


def invalidate_on_commit(*names: str) -> None:
    """Forget every value of these names as soon as the change at hand is there for all to see."""

    # A function, and no `partial`: where it fails, its name is logged.
    def forget() -> None:
        invalidate(*names)

    transaction.on_commit(forget, robust=True)


def _token_key(name: str) -> str:
    return f"cached:{name}:token"


def _token(name: str) -> str | None:
    """Return the token of a name, a new one where it has none; None where the cache is away."""
    token: str | None = cache.get(_token_key(name))
    if token is not None:
        return token
    new = uuid4().hex
    # Of several that find none, the first one's holds.
    is_new: bool | None = cache.add(_token_key(name), new, TOKEN_SECONDS)
    if is_new is None:
        return None
    return new if is_new else cache.get(_token_key(name))


def _lock(place: str, holder: str) -> bool | None:
    """Say whether a place is the holder's to fill; None where the cache is away."""
    is_locked: bool | None = cache.add(f"{place}:lock", holder, LOCK_SECONDS)
    return is_locked
