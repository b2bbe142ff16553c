"""Redis, present and absent."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.cache import cache
from django.test.utils import override_settings
from rest_framework.test import APIClient

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set, and there is no redis-server"),
]


@pytest.fixture
def _redis_away() -> Iterator[None]:
    """Move the cache to a port where nothing listens."""
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    with override_settings(CACHES={"default": away}):
        yield


def test_the_cache_keeps_what_it_is_given() -> None:
    value = {"price": "1.20", "tags": ["a", "b"]}

    cache.set("basket", value, timeout=5)

    assert "Redis" in settings.CACHES["default"]["BACKEND"]
    assert cache.get("basket") == value


def test_a_session_outlives_the_cache() -> None:
    session = SessionStore()
    session["basket"] = 3
    session.save()
    assert session.session_key
    cache.delete(session.cache_key)

    assert SessionStore(session.session_key)["basket"] == 3


@pytest.mark.usefixtures("_redis_away")
def test_without_redis_the_api_answers_and_sessions_are_kept(
    signed_in: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    session = SessionStore()
    session["basket"] = 3
    session.save()

    assert signed_in.get("/api/v1/users/me/").status_code == 200
    assert SessionStore(session.session_key)["basket"] == 3
    # Once, whatever was asked of it.
    assert caplog.text.count("redis_away") == 1
