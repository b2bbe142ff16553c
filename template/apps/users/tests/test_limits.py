"""Each limit holds where it should: by calling, not by reading settings."""

import pytest
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.serializers import PASSWORD_MAX_LENGTH
from apps.users.sessions import session_start
from apps.users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

AUTH = "/api/v1/auth"
LIMITS = [
    ("register/", "register"),
    ("register/", "mail"),
    ("register/", "anon"),
    ("email/verify/", "verify"),
    ("email/verify/resend/", "register"),
    ("email/verify/resend/", "mail"),
    ("email/verify/resend/", "anon"),
    ("token/", "token"),
    ("token/", "anon"),
    ("token/refresh/", "refresh"),
    ("logout/", "refresh"),
    ("password/change/", "password"),
    ("password/change/", "user"),
    ("password/reset/", "reset"),
    ("password/reset/", "mail"),
    ("password/reset/", "anon"),
    ("password/reset/confirm/", "verify"),
    ("password/reset/confirm/", "anon"),
]


@pytest.mark.parametrize(("path", "scope"), LIMITS)
def test_an_endpoint_is_held_by_its_limit(path: str, scope: str, rates: dict[str, str], user: User) -> None:
    rates[scope] = "1/hour"
    client = APIClient()
    if path == "password/change/":
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_start(user=user)['access']}")

    statuses = [client.post(f"{AUTH}/{path}", {"email": "ada@example.com"}).status_code for _ in range(2)]

    assert statuses[0] != 429
    assert statuses[1] == 429


def test_who_refreshes_uses_up_nobodys_allowance_to_sign_in(rates: dict[str, str], user: User) -> None:
    rates["anon"] = "1/hour"

    statuses = [APIClient().post(f"{AUTH}/token/refresh/", {"refresh": "x"}).status_code for _ in range(3)]

    assert statuses == [401, 401, 401]


@pytest.mark.parametrize(("length", "status"), [(PASSWORD_MAX_LENGTH, 202), (PASSWORD_MAX_LENGTH + 1, 400)])
def test_a_password_may_be_long_and_not_endless(length: int, status: int) -> None:
    password = ("correct horse battery staple " * 10)[:length]

    assert (
        APIClient().post(f"{AUTH}/register/", {"email": "ada@example.com", "password": password}).status_code == status
    )


@pytest.mark.parametrize(
    "address",
    [
        '"ada"@example.com',
        '"\x1e0@:"@example.com',
        "ada@ｅxample.com",
        "ada@exam\u00adple.com",
        "ádá@example.com",
        "ada@[127.0.0.1]",
        "ſ@example.com",
        "ada@example.com\nBcc: grace@example.com",
    ],
)
@pytest.mark.parametrize("path", ["register/", "email/verify/resend/", "password/reset/", "token/"])
def test_an_address_that_can_be_written_in_many_ways_is_refused(path: str, address: str) -> None:
    UserFactory.create(email="ada@example.com")

    answer = APIClient().post(f"{AUTH}/{path}", {"email": address, "password": "correct horse battery"})

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/email"}


@pytest.mark.parametrize("address", ["ada+tag@example.com", "o'hara@example.co.uk", "a.b-c_d@xn--bcher-kva.example"])
def test_an_address_of_everyday_is_taken(address: str) -> None:
    assert APIClient().post(f"{AUTH}/password/reset/", {"email": address}).status_code == 202
