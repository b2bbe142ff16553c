import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test.utils import override_settings
from rest_framework.test import APIClient

from apps.core import redis
from config.settings.components import cache as component
from tests.silence import Silence, silence


@pytest.fixture
def hanging() -> Iterator[Silence]:
    """Move the cache to a server that hangs."""
    with silence() as server, override_settings(CACHES={"default": component._redis | {"LOCATION": server.url}}):
        yield server


def test_who_does_not_answer_is_waited_for_once(hanging: Silence) -> None:
    answers = [cache.get("a", 0), cache.add("a", 1), cache.delete("a"), cache.get("a", 2)]

    assert answers == [0, None, None, 2]
    assert hanging.callers() == 1


def test_a_moment_later_it_is_asked_again(hanging: Silence, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.get("a")
    now = time.monotonic()

    monkeypatch.setattr(time, "monotonic", lambda: now + redis.AWAY_SECONDS)
    cache.get("a")

    assert hanging.callers() == 2


def test_another_server_is_no_worse_for_it(hanging: Silence) -> None:
    cache.get("a")
    with silence() as other, override_settings(CACHES={"default": component._redis | {"LOCATION": other.url}}):
        cache.get("a")

        assert other.callers() == 1
    assert hanging.callers() == 1


def test_a_request_waits_once_whatever_it_asks_the_cache_for(hanging: Silence, signed_in: APIClient) -> None:
    assert signed_in.get("/api/v1/users/me/").status_code == 200
    assert hanging.callers() == 1
