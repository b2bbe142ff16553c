"""Fixtures for every test."""

import os
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from apps.users.models import User
from apps.users.tests.factories import UserFactory


@pytest.fixture(autouse=True)
def _cache_of_its_own() -> None:
    """Give each test a part of the cache that nobody else writes to, so no throttle has counted yet."""
    cache.key_prefix = uuid4().hex


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return how often one may call: as often as one likes, until the test says otherwise."""
    rates = dict.fromkeys(SimpleRateThrottle.THROTTLE_RATES, "1000000/min")
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    return rates


@pytest.fixture
def environment(transactional_db: None) -> dict[str, str]:
    """Return the variables of a process that works on the database of the tests."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {**os.environ, "DATABASE_URL": database.geturl()}


@pytest.fixture
def api_client() -> APIClient:
    """Return an API client that nobody is signed in with."""
    return APIClient()


@pytest.fixture
def user(db: None) -> User:
    """Return a saved user."""
    return UserFactory.create()


@pytest.fixture
def signed_in(api_client: APIClient, user: User) -> APIClient:
    """Return an API client that `user` is signed in with."""
    api_client.force_authenticate(user)
    return api_client
