import os

import pytest
from django.conf import settings
from django.test.utils import override_settings
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.sessions import session_start
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me/"
RESET = "/api/v1/auth/password/reset/"
VERIFY = "/api/v1/auth/email/verify/"


def test_who_calls_too_often_is_told_when_to_come_back(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["verify"] = "2/min"

    answers = [api_client.post(VERIFY, {"token": "x"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_what_can_be_guessed_or_fills_mailboxes_is_held_tighter_than_the_rest() -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    at_once = {scope: int(rate.partition("/")[0]) for scope, rate in rates.items()}

    assert all(at_once[scope] < at_once["anon"] for scope in ("token", "register", "reset", "verify", "mail"))
    assert at_once["password"] < at_once["user"]


def test_one_client_does_not_use_up_the_allowance_of_another(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["verify"] = "1/min"

    statuses = [
        api_client.post(VERIFY, {"token": "x"}, REMOTE_ADDR=address).status_code
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    ]

    # The two addresses of one IPv6 network are one client.
    assert statuses == [400, 429, 400, 400, 429, 400]


def test_a_made_up_header_gets_nobody_past_the_limit(api_client: APIClient, rates: dict[str, str]) -> None:
    rates["verify"] = "1/min"

    statuses = [
        api_client.post(VERIFY, {"token": "x"}, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(2)
    ]

    assert statuses == [400, 429]


def test_a_user_is_counted_wherever_they_call_from(api_client: APIClient, user: User, rates: dict[str, str]) -> None:
    rates["user"] = "2/min"
    api_client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_start(user=user)['access']}")

    statuses = [api_client.get(ME, REMOTE_ADDR=f"192.0.2.{number}").status_code for number in range(3)]

    assert statuses == [200, 200, 429]


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_nobodys_mailbox_is_filled_from_many_clients(api_client: APIClient, email: str, rates: dict[str, str]) -> None:
    rates["mail"] = "5/hour"
    UserFactory.create(email="ada@example.com")

    statuses = [
        api_client.post(RESET, {"email": written}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number, written in enumerate([email, email.upper(), f" {email}", email, email, email])
    ]

    assert statuses == [202, 202, 202, 202, 202, 429]


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": ["a"]}, [], "text", None])
def test_a_body_without_an_address_is_refused_not_counted(api_client: APIClient, body: object) -> None:
    assert api_client.post(RESET, body).status_code == 400


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="REDIS_URL is not set, and there is no redis-server")
def test_without_redis_nobody_is_held_up_and_it_is_logged(
    api_client: APIClient, rates: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    rates["verify"] = "1/min"
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}

    with override_settings(CACHES={"default": away}):
        statuses = [api_client.post(VERIFY, {"token": "x"}).status_code for _ in range(3)]

    assert statuses == [400, 400, 400]
    assert "redis_away" in caplog.text
