"""The cache on each backend: what is stored, who waits, and what happens while Redis is unavailable."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test.utils import override_settings
from redis.exceptions import ConnectionError  # noqa: A004 - its name

from apps.core import caching
from apps.core.caching import cached, invalidate_on_commit
from config.settings.components import cache as component

CACHES = {
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "caching"},
    "redis": settings.CACHES["default"],
}
UNAVAILABLE = component._redis | {"LOCATION": "redis://127.0.0.1:1/0"}


@pytest.fixture(params=CACHES, autouse=True)
def _each_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "redis" and not os.environ.get("REDIS_URL"):
        pytest.skip("REDIS_URL is not set, and there is no redis-server")
    prefix = cache.key_prefix
    with override_settings(CACHES={"default": CACHES[request.param] | {"KEY_PREFIX": prefix}}):
        yield


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record sleeps instead of sleeping."""
    sleeps: list[float] = []
    monkeypatch.setattr(time, "sleep", sleeps.append)
    return sleeps


@pytest.fixture
def compute() -> Callable[[], int]:
    """Return a function that returns how often it was called."""
    return iter(range(1, 100)).__next__


def read(compute: Callable[[], object], *, name: str = "numbers", key: str = "", timeout: float = 60) -> object:
    return cached(name, key=key, timeout=timeout, compute=compute)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, False, 0, [], {"next": None, "results": [{"price": "1.20"}]}])
def test_any_json_value_is_stored(value: object) -> None:
    assert [read(lambda: value), read(lambda: "another")] == [value, value]


@pytest.mark.parametrize("key", ["x" * 5000, "http://testserver/?q=a b\n\0é"])
def test_any_text_is_a_key(compute: Callable[[], int], key: str) -> None:
    assert [read(compute, key=key) for _ in range(2)] == [1, 1]


@contextmanager
def another_process_computes(value: object) -> Iterator[Event]:
    """Hold the lock until the event is set; then the value is stored."""
    started, finish = Event(), Event()

    def compute() -> object:
        started.set()
        assert finish.wait(10)
        return value

    thread = Thread(target=read, args=[compute])
    thread.start()
    assert started.wait(10)
    try:
        yield finish
    finally:
        finish.set()
        thread.join()


def test_waiting_caller_gets_the_value_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with another_process_computes("of the other") as finish:
        monkeypatch.setattr(time, "sleep", lambda _seconds: finish.set())

        assert read(lambda: "mine") == "of the other"


def test_waiting_caller_computes_after_wait_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "WAIT_SECONDS", 0.05)

    with another_process_computes("of the other"):
        assert read(lambda: "mine") == "mine"


def test_lock_of_a_dead_process_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "LOCK_SECONDS", 0.05)

    with another_process_computes("of the other"):
        assert read(lambda: "mine") == "mine"
        assert read(lambda: "another") == "mine"


def test_value_stored_between_the_read_and_the_lock_is_not_computed_again(
    monkeypatch: pytest.MonkeyPatch, compute: Callable[[], int]
) -> None:
    add = cache.add

    def add_after_another_process_is_done(key: str, *args: Any, **options: Any) -> object:
        if key.endswith(":lock"):
            monkeypatch.undo()
            read(compute)
        return add(key, *args, **options)

    monkeypatch.setattr(cache, "add", add_after_another_process_is_done)

    assert read(compute) == 1
    assert compute() == 2


def test_value_expires_after_its_timeout(compute: Callable[[], int]) -> None:
    assert read(compute, timeout=0.05) == 1
    time.sleep(0.1)
    assert read(compute) == 2


def test_failed_computation_releases_the_lock(sleeps: list[float]) -> None:
    def fail() -> None:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            read(fail)

    assert read(lambda: "value") == "value"
    assert sleeps == []


@pytest.mark.django_db(transaction=True)
def test_every_key_of_a_name_is_invalidated_and_no_other_name(compute: Callable[[], int]) -> None:
    keys: list[dict[str, Any]] = [{"key": "one"}, {"key": "two"}, {"name": "others"}]
    assert [read(compute, **key) for key in keys] == [1, 2, 3]

    invalidate_on_commit("numbers", "unknown")

    assert [read(compute, **key) for key in keys] == [4, 5, 3]


def test_lost_version_brings_no_old_value_back() -> None:
    read(lambda: "old")
    cache.delete(caching._version_key("numbers"))

    assert read(lambda: "new") == "new"


@pytest.mark.django_db(transaction=True)
def test_failing_invalidation_does_not_undo_the_commit() -> None:
    failing = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}

    with override_settings(CACHES={"default": failing}):
        with transaction.atomic():
            invalidate_on_commit("numbers")
        with pytest.raises(ConnectionError):
            cache.delete("anything")


def test_callers_compute_without_waiting_while_redis_is_unavailable(
    compute: Callable[[], int], sleeps: list[float]
) -> None:
    with override_settings(CACHES={"default": UNAVAILABLE}):
        assert [read(compute) for _ in range(3)] == [1, 2, 3]

    assert sleeps == []
