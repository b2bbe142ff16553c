"""The throttle rates that a project starts with, the throttle per recipient, and throttling without Redis."""

import os

import pytest
from django.conf import settings
from django.test.utils import override_settings
from rest_framework.test import APIClient

from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

RESET = "/api/v1/auth/password/reset/"
VERIFY = "/api/v1/auth/email/verify/"


def test_rates_against_guessing_and_mail_are_lower_than_the_general_rates() -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    limits = {scope: int(rate.partition("/")[0]) for scope, rate in rates.items()}

    assert all(limits[scope] < limits["anon"] for scope in ("token", "register", "reset", "verify", "mail"))
    assert limits["password"] < limits["user"]


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_mail_to_one_recipient_is_throttled_across_clients(
    api_client: APIClient, email: str, rates: dict[str, str]
) -> None:
    rates["mail"] = "5/hour"
    UserFactory.create(email="ada@example.com")

    statuses = [
        api_client.post(RESET, {"email": written}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number, written in enumerate([email, email.upper(), f" {email}", email, email, email])
    ]

    assert statuses == [202, 202, 202, 202, 202, 429]


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": ["a"]}, [], "text", None])
def test_request_without_a_recipient_gets_400(api_client: APIClient, body: object) -> None:
    assert api_client.post(RESET, body).status_code == 400


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set")
def test_without_redis_nothing_is_throttled(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["verify"] = "1/min"
    unavailable = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}

    with override_settings(CACHES={"default": unavailable}):
        statuses = [api_client.post(VERIFY, {"token": "x"}).status_code for _ in range(3)]

    assert statuses == [400, 400, 400]
