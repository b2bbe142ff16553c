"""The work behind a response, which its time reveals, is the same for every email address."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.mail.models import OutboxEmail
from apps.users.tests.test_registration import REGISTER, RESEND, RESET, STATES, TOKEN, email_in, response_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]


class CountingHasher(MD5PasswordHasher):
    """Counts the hashes: they take most of the time."""

    made = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).made += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _counting(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]


def work(path: str, body: dict[str, str]) -> dict[str, int]:
    """Return what a response took."""
    CountingHasher.made = 0
    emails = OutboxEmail.objects.count()
    with CaptureQueriesContext(connection) as queries, zeal_ignore():
        APIClient().post(path, body)
    return {
        "hashes": CountingHasher.made,
        "queries": len([query for query in queries if "SAVEPOINT" not in query["sql"]]),
        "emails": OutboxEmail.objects.count() - emails,
    }


@pytest.mark.parametrize("path", [REGISTER, RESEND, RESET, TOKEN])
def test_response_takes_the_same_work_for_every_address(path: str) -> None:
    seen = {state: work(path, {"email": email_in(state), "password": "not the password"}) for state in STATES}

    assert all(seen[state] == seen["unknown"] for state in STATES), seen


def test_weak_password_is_refused_before_any_query() -> None:
    assert work(REGISTER, {"email": email_in("known"), "password": "short"})["queries"] == 0


@pytest.mark.parametrize("state", ["unknown", "known"])
def test_sign_in_after_registering_does_not_reveal_an_account(state: str) -> None:
    email = email_in(state)
    response_to(REGISTER, email, "what a stranger chose")

    assert response_to(TOKEN, email, "what a stranger chose")["status"] == 401


def test_refusal_of_a_weak_password_does_not_reveal_an_account() -> None:
    known, unknown = (response_to(REGISTER, email_in(state), "short") for state in ("known", "unknown"))

    assert known == unknown
    assert known["status"] == 400
