import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event, Thread

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test.utils import override_settings
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from redis.exceptions import ConnectionError  # noqa: A004 - its name

from apps.core import caching
from apps.core.caching import cached, invalidate, invalidate_on_commit
from apps.core.redis import ImpatientRedis
from config.settings.components import cache as component
from tests.concurrency import at_once
from tests.waiting import wait_until

NAME = "test.numbers"

CACHES = {
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "caching"},
    "redis": settings.CACHES["default"],
}


@pytest.fixture(params=CACHES, autouse=True)
def _each_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Test on what development runs on, and on what production does."""
    if request.param == "redis" and not os.environ.get("REDIS_URL"):
        pytest.skip("REDIS_URL is not set, and there is no redis-server")
    prefix = cache.key_prefix
    with override_settings(CACHES={"default": CACHES[request.param] | {"KEY_PREFIX": prefix}}):
        yield


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long it was slept each time. Nobody sleeps here."""
    sleeps: list[float] = []
    monkeypatch.setattr(time, "sleep", sleeps.append)
    return sleeps


class Counter:
    """Computes how often it has computed."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count


def ask(compute: Callable[[], object], *, name: str = NAME, key: str = "", timeout: int = 60) -> object:
    return cached(name, key=key, timeout=timeout, compute=compute)


def lock_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have somebody else hold every lock, and return the places that were asked for."""
    places: list[str] = []

    def refuse(place: str, _holder: str) -> bool:
        places.append(place)
        return False

    monkeypatch.setattr(caching, "_lock", refuse)
    return places


def test_a_value_is_computed_once_for_each_name_and_key() -> None:
    compute = Counter()

    assert [ask(compute) for _ in range(3)] == [1, 1, 1]
    assert ask(compute, key="other") == 2
    assert ask(compute, name="test.others") == 3


@pytest.mark.parametrize("value", [None, False, 0, [], {"next": None, "results": [{"price": "1.20"}]}])
def test_any_json_is_kept(value: object) -> None:
    assert [ask(lambda: value), ask(lambda: "another")] == [value, value]


@pytest.mark.parametrize("key", ["x" * 5000, "http://testserver/?q=a b\n\0é"])
def test_any_text_is_a_key(key: str) -> None:
    compute = Counter()

    assert [ask(compute, key=key) for _ in range(2)] == [1, 1]


def test_what_is_invalidated_is_computed_anew_and_nothing_else() -> None:
    compute = Counter()
    for name in ("one", "two", "three"):
        ask(compute, name=name)

    invalidate("one", "two")

    assert [ask(compute, name=name) for name in ("one", "two", "three")] == [4, 5, 3]


def test_every_key_of_a_name_is_invalidated_together() -> None:
    compute = Counter()
    keys = [ask(compute, key=key) for key in ("one", "two")]

    invalidate(NAME)

    assert keys == [1, 2]
    assert [ask(compute, key=key) for key in ("one", "two")] == [3, 4]


def test_what_was_computed_from_old_data_is_never_read() -> None:
    def late() -> str:
        # Somebody changes the data after it was read, and before it is kept.
        invalidate(NAME)
        return "old"

    assert ask(late) == "old"
    assert ask(lambda: "new") == "new"


def test_a_token_that_gets_lost_brings_no_old_value_back() -> None:
    ask(lambda: "old")
    cache.delete(caching._token_key(NAME))

    assert ask(lambda: "new") == "new"


def test_of_twenty_at_once_one_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "WAIT_SECONDS", 60)
    lock, waiting = caching._lock, set()
    compute = Counter()

    def count_refused(place: str, holder: str) -> bool | None:
        is_locked = lock(place, holder)
        if not is_locked:
            waiting.add(holder)
        return is_locked

    def slow() -> int:
        wait_until(lambda: len(waiting) == 19)
        return compute()

    monkeypatch.setattr(caching, "_lock", count_refused)

    assert at_once(*[lambda: ask(slow)] * 20) == [1] * 20


def test_while_it_is_computed_anew_the_others_get_the_old_value(sleeps: list[float]) -> None:
    started, finish = Event(), Event()

    def slow() -> str:
        started.set()
        assert finish.wait(10)
        return "new"

    ask(lambda: "old", timeout=60)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=True):
        recomputing = Thread(target=ask, args=[slow])
        recomputing.start()
        assert started.wait(10)
        # Not computed, and not waited for.
        assert ask(lambda: "another") == "old"
        assert sleeps == []
        finish.set()
        recomputing.join()
        assert ask(lambda: "another") == "new"


def test_what_is_too_old_is_computed_anew() -> None:
    compute = Counter()
    ask(compute, timeout=60)

    with time_machine.travel(timezone.now() + timedelta(seconds=59)):
        assert ask(compute) == 1
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert ask(compute) == 2


def test_whoever_waits_gets_what_the_other_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    places = lock_of_somebody_else(monkeypatch)

    def other_is_done(_seconds: float) -> None:
        cache.set(places[0], {"value": "of the other", "fresh_until": time.time() + 60}, 60)

    monkeypatch.setattr(time, "sleep", other_is_done)

    assert ask(lambda: "mine") == "of the other"


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch, sleeps: list[float]) -> None:
    lock_of_somebody_else(monkeypatch)
    monkeypatch.setattr(caching, "WAIT_SECONDS", 0.001)

    assert ask(lambda: "mine") == "mine"
    assert sleeps


def test_the_lock_of_one_who_died_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "LOCK_SECONDS", 0.05)
    # Its process is gone, so it is never released.
    assert caching._lock(place_of(monkeypatch), "dead")

    assert ask(lambda: "mine") == "mine"
    assert ask(lambda: "another") == "mine"


def place_of(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return where the value lies."""
    with monkeypatch.context() as patch:
        patch.setattr(caching, "WAIT_SECONDS", -1)
        places = lock_of_somebody_else(patch)
        ask(lambda: None)
    return places[0]


def test_a_failure_ends_the_lock_and_is_not_kept(sleeps: list[float]) -> None:
    def fail() -> None:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            ask(fail)

    assert ask(lambda: "mine") == "mine"
    assert sleeps == []


def test_a_lock_that_is_anothers_by_now_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = f"{place_of(monkeypatch)}:lock"

    def too_long() -> str:
        cache.set(lock, "another")
        return "mine"

    ask(too_long)

    assert cache.get(lock) == "another"


def test_what_somebody_was_just_done_with_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = caching._lock

    def after_the_other(place: str, holder: str) -> bool | None:
        cache.set(place, {"value": "of the other", "fresh_until": time.time() + 60}, 60)
        return lock(place, holder)

    monkeypatch.setattr(caching, "_lock", after_the_other)

    assert ask(lambda: "mine") == "of the other"


@pytest.mark.django_db
def test_what_a_transaction_changes_is_forgotten_once_it_is_committed(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    compute = Counter()
    ask(compute)

    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            invalidate_on_commit(NAME)
        assert ask(compute) == 1

    assert ask(compute) == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_stays_where_the_cache_fails() -> None:
    away = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1/0",
    }

    with override_settings(CACHES={"default": away}):
        with transaction.atomic():
            invalidate_on_commit(NAME)
        with pytest.raises(ConnectionError):
            invalidate(NAME)


def test_without_redis_each_computes_at_once_and_nobody_waits(sleeps: list[float]) -> None:
    compute = Counter()

    with override_settings(CACHES={"default": component._redis | {"LOCATION": "redis://127.0.0.1:1/0"}}):
        assert [ask(compute) for _ in range(3)] == [1, 2, 3]
        invalidate(NAME)

    assert sleeps == []


def test_who_finds_redis_away_asks_for_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    execute, commands = ImpatientRedis.execute_command, []

    def note(client: ImpatientRedis, command: str, *args: object, **options: object) -> object:
        commands.append(command)
        return execute(client, command, *args, **options)

    monkeypatch.setattr(ImpatientRedis, "execute_command", note)
    with override_settings(CACHES={"default": component._redis | {"LOCATION": "redis://127.0.0.1:1/0"}}):
        assert ask(lambda: "mine") == "mine"

    # Whether there is a token, and then to make one.
    assert commands == ["GET", "SET"]


def test_where_redis_goes_away_meanwhile_nobody_waits_either(
    monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    monkeypatch.setattr(caching, "_lock", lambda _place, _holder: None)

    assert ask(lambda: "mine") == "mine"
    assert sleeps == []
