"""The throttle rates that a project starts with, and throttling without Redis."""

import os

import pytest
from django.conf import settings
from django.test.utils import override_settings
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

VERIFY = "/api/v1/auth/email/verify/"


def test_rates_against_guessing_and_mail_are_lower_than_the_general_rates() -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    limits = {scope: int(rate.partition("/")[0]) for scope, rate in rates.items()}

    assert all(limits[scope] < limits["anon"] for scope in ("token", "register", "reset", "verify", "mail"))
    assert limits["password"] < limits["user"]


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set")
def test_without_redis_nothing_is_throttled(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["verify"] = "1/min"
    unavailable = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}

    with override_settings(CACHES={"default": unavailable}):
        statuses = [api_client.post(VERIFY, {"token": "x"}).status_code for _ in range(3)]

    assert statuses == [400, 400, 400]
