import pytest
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

SCOPES = {
    "register/": ["register", "mail"],
    "email/verify/": ["verify"],
    "email/verify/resend/": ["register", "mail"],
    "token/": ["token"],
    "token/refresh/": ["refresh"],
    "logout/": ["refresh"],
    "password/change/": ["password"],
    "password/reset/": ["reset", "mail"],
    "password/reset/confirm/": ["verify"],
}


def statuses_of_two_calls(path: str, user: User) -> list[int]:
    client = APIClient()
    if path == "password/change/":
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_start(user=user)['access']}")
    return [
        client.post(f"/api/v1/auth/{path}", {"email": "ada@example.com", "password": PASSWORD}).status_code
        for _ in range(2)
    ]


@pytest.mark.parametrize(("path", "scope"), [(path, scope) for path, scopes in SCOPES.items() for scope in scopes])
def test_endpoint_is_throttled_by_scope(path: str, scope: str, rates: dict[str, str], user: User) -> None:
    rates[scope] = "1/hour"

    first, second = statuses_of_two_calls(path, user)

    assert first != 429
    assert second == 429


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_emails_to_one_address_are_throttled_across_clients(email: str, rates: dict[str, str], user: User) -> None:
    rates["mail"] = "2/hour"
    User.objects.filter(pk=user.pk).update(email="ada@example.com")

    statuses = [
        APIClient().post("/api/v1/auth/password/reset/", {"email": text}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number, text in enumerate([email, f" {email.upper()}", email])
    ]

    assert statuses == [202, 202, 429]


@pytest.mark.parametrize("path", SCOPES)
def test_accounts_do_not_use_up_the_rate_of_other_calls(path: str, rates: dict[str, str], user: User) -> None:
    rates["anon"] = rates["user"] = "1/hour"

    assert 429 not in statuses_of_two_calls(path, user)


def test_invalid_requests_and_registrations_use_up_no_email_of_a_password_reset(rates: dict[str, str]) -> None:
    rates["mail"] = "1/hour"
    email = {"email": "ada@example.com"}

    for path, body in (("register/", email), ("register/", {**email, "password": PASSWORD}), ("password/reset/", {})):
        assert APIClient().post(f"/api/v1/auth/{path}", body).status_code in (202, 400)
    assert APIClient().post("/api/v1/auth/password/reset/", email).status_code == 202


@pytest.mark.parametrize(("headers", "last"), [({}, 429), ({"Authorization": "Bearer expired"}, 401)])
def test_calls_without_a_token_are_counted(headers: dict[str, str], last: int, rates: dict[str, str]) -> None:
    rates["anon"] = "2/hour"

    statuses = [APIClient().get("/api/v1/users/me/", headers=headers).status_code for _ in range(3)]

    assert statuses == [401, 401, last]


def test_ipv6_network_is_throttled_as_a_whole(rates: dict[str, str]) -> None:
    rates["verify"] = "1/hour"

    def call(address: str) -> int:
        return APIClient().post("/api/v1/auth/email/verify/", {"token": "x"}, REMOTE_ADDR=address).status_code

    assert [call(f"2001:db8:1:{number}::1") for number in range(17)] == [400] * 16 + [429]
    assert call("2001:db8:2::1") == 400


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": ["a"]}, [], "text", None])
def test_body_without_an_email_address_is_refused(api_client: APIClient, body: object) -> None:
    assert api_client.post("/api/v1/auth/password/reset/", body).status_code == 400
