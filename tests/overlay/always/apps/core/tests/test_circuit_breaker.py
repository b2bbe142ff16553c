"""The cache while Redis works, refuses connections or does not respond."""

import os
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.cache import cache
from django.test.utils import override_settings
from rest_framework.test import APIClient

from apps.core import circuit_breaker
from config.settings.components import cache as component
from tests.silence import Silence, silence

USERS_ME = "/api/v1/users/me/"


@pytest.fixture
def hanging() -> Iterator[Silence]:
    """Point the cache at a server that does not respond."""
    with silence() as server, override_settings(CACHES={"default": component._redis | {"LOCATION": server.url}}):
        yield server


def test_open_circuit_asks_a_silent_server_once(hanging: Silence) -> None:
    answers = [cache.get("a", 0), cache.add("a", 1), cache.delete("a"), cache.get("a", 2)]

    assert answers == [0, None, None, 2]
    assert hanging.callers() == 1


def test_circuit_closes_after_open_seconds(hanging: Silence, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.get("a")
    now = time.monotonic()

    monkeypatch.setattr(time, "monotonic", lambda: now + circuit_breaker.OPEN_SECONDS)
    cache.get("a")

    assert hanging.callers() == 2


def test_each_server_has_its_own_circuit(hanging: Silence) -> None:
    cache.get("a")
    with silence() as other, override_settings(CACHES={"default": component._redis | {"LOCATION": other.url}}):
        cache.get("a")

        assert other.callers() == 1
    assert hanging.callers() == 1


def test_request_waits_once_for_a_silent_redis(hanging: Silence, signed_in: APIClient) -> None:
    assert signed_in.get(USERS_ME).status_code == 200
    assert hanging.callers() == 1


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set, and there is no redis-server")
def test_cache_is_redis_and_returns_what_it_stored() -> None:
    value = {"price": "1.20", "tags": ["a", "b"]}

    cache.set("basket", value, timeout=5)

    assert "Redis" in settings.CACHES["default"]["BACKEND"]
    assert cache.get("basket") == value


def _saved_session() -> SessionStore:
    session = SessionStore()
    session["basket"] = 3
    session.save()
    return session


@pytest.mark.django_db
def test_session_outlives_the_cache() -> None:
    session = _saved_session()
    cache.delete(session.cache_key)

    assert SessionStore(session.session_key)["basket"] == 3


def test_without_redis_requests_succeed_and_sessions_are_kept(
    signed_in: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    unavailable = {**component._redis, "LOCATION": "redis://127.0.0.1:1/0"}
    with override_settings(CACHES={"default": unavailable}):
        session = _saved_session()

        assert signed_in.get(USERS_ME).status_code == 200
        assert SessionStore(session.session_key)["basket"] == 3
    assert caplog.text.count("redis_unavailable") == 1
