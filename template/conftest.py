"""Fixtures for every test."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import translation
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.tests.factories import UserFactory


@pytest.fixture(autouse=True)
def _isolate() -> Iterator[None]:
    """Give each test its own cache keys, so that no throttle has counted a request yet, and let it use plain HTTP."""
    caches = {name: {**cache, "KEY_PREFIX": uuid4().hex} for name, cache in settings.CACHES.items()}
    with override_settings(CACHES=caches, SECURE_SSL_REDIRECT=False):
        yield


@pytest.fixture
def english() -> Iterator[None]:
    """Use English texts and formats, whatever `LANGUAGE_CODE` is."""
    with translation.override("en"):
        yield


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Raise all throttle rates, and return them for the test to change."""
    rates: dict[str, str] = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    for name in rates:
        monkeypatch.setitem(rates, name, "1000000/min")
    return rates


@pytest.fixture
def api_client() -> APIClient:
    """Return an API client without a signed-in user."""
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
