"""Nobody learns from an answer, or from the work behind it, whether an address has an account."""

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.users.services import registration_create, user_delete
from apps.users.tests.factories import PASSWORD, UserFactory
from apps.users.tests.mailbox import last_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

REGISTER = "/api/v1/auth/register/"
RESEND = "/api/v1/auth/email/verify/resend/"
RESET = "/api/v1/auth/password/reset/"
TOKEN = "/api/v1/auth/token/"

STATES = ["unknown", "known", "inactive", "deleted", "waiting"]


class CountingHasher(MD5PasswordHasher):
    """Counts the hashes it makes: they are what takes time."""

    made = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).made += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _counting(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]


def address_of(state: str) -> str:
    """Return an address of that state."""
    email = f"{state}@example.com"
    if state == "waiting":
        registration_create(email=email, password=PASSWORD)
    elif state != "unknown":
        user = UserFactory.create(email=email, is_active=state != "inactive")
        if state == "deleted":
            user_delete(user=user)
    return email


def observe(path: str, body: dict[str, str]) -> dict[str, Any]:
    """Return all that a caller can see or measure of a call."""
    CountingHasher.made = 0
    mails = OutgoingMail.objects.count()
    with CaptureQueriesContext(connection) as queries, zeal_ignore():
        answer = APIClient().post(path, body)
    document = answer.json()
    document.pop("request_id", None)
    return {
        "status": answer.status_code,
        "headers": {name: value for name, value in answer.items() if name != "X-Request-ID"},
        "body": document,
        "hashes": CountingHasher.made,
        "queries": len([query for query in queries if "SAVEPOINT" not in query["sql"]]),
        "mails": OutgoingMail.objects.count() - mails,
    }


@pytest.mark.parametrize("path", [REGISTER, RESEND, RESET, TOKEN])
def test_every_address_gets_the_same_answer_for_the_same_work(path: str) -> None:
    seen = {}
    for state in STATES:
        body = {"email": address_of(state), "password": "not the password"}
        seen[state] = observe(path, body if path in {REGISTER, TOKEN} else {"email": body["email"]})

    assert all(seen[state] == seen["unknown"] for state in STATES), seen


@pytest.mark.parametrize("path", [REGISTER, RESEND, RESET])
def test_whoever_owns_the_address_is_told_what_the_caller_is_not(path: str) -> None:
    for state in STATES:
        email = address_of(state)
        observe(path, {"email": email, "password": PASSWORD})
        assert last_mail().recipient == email


@pytest.mark.parametrize("state", ["unknown", "known"])
def test_who_registers_cannot_find_out_by_signing_in(state: str) -> None:
    email = address_of(state)
    chosen = {"email": email, "password": "what a stranger chose"}
    observe(REGISTER, chosen)

    assert observe(TOKEN, chosen)["status"] == 401


def test_a_weak_password_is_refused_before_anybody_looks_who_has_the_address() -> None:
    seen = [observe(REGISTER, {"email": address_of(state), "password": "short"}) for state in ("known", "unknown")]

    assert seen[0] == seen[1]
    assert seen[0]["status"] == 400
    assert seen[0]["queries"] == 0
