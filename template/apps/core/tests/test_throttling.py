"""Throttling, whatever the rates are: these tests set their own."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.sessions import session_start

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"
VERIFY = "/api/v1/auth/email/verify/"


def test_throttled_request_gets_429_with_retry_after(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["verify"] = "2/min"

    responses = [api_client.post(VERIFY, {"token": "x"}) for _ in range(3)]

    assert [response.status_code for response in responses] == [400, 400, 429]
    assert responses[2]["Content-Type"] == "application/problem+json"
    assert 0 < int(responses[2]["Retry-After"]) <= 60


def test_anonymous_clients_are_throttled_separately(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["verify"] = "1/min"

    statuses = [
        api_client.post(VERIFY, {"token": "x"}, REMOTE_ADDR=address).status_code
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    ]

    # The two addresses in the same IPv6 /64 network are one client.
    assert statuses == [400, 429, 400, 400, 429, 400]


def test_forged_x_forwarded_for_does_not_evade_the_throttle(
    api_client: APIClient, rates: dict[str, str], settings: Settings
) -> None:
    rates["verify"], settings.NUM_PROXIES = "1/min", 0

    statuses = [
        api_client.post(VERIFY, {"token": "x"}, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(2)
    ]

    assert statuses == [400, 429]


def test_user_is_throttled_across_ip_addresses(api_client: APIClient, user: User, rates: dict[str, str]) -> None:
    rates["user"] = "2/min"
    api_client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_start(user=user)['access']}")

    statuses = [api_client.get(ME, REMOTE_ADDR=f"192.0.2.{number}").status_code for number in range(3)]

    assert statuses == [200, 200, 429]


def test_api_documentation_is_not_throttled(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["anon"] = "1/day"

    statuses = [api_client.get(path).status_code for path in ("/api/docs/", "/api/redoc/", "/api/schema/") * 2]

    assert statuses == [200] * 6
