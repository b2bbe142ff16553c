from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from apps.users.email_tokens import password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.tests.factories import UserFactory
from apps.users.tests.mailbox import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

VERIFY = "/api/v1/auth/email/verify/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
NEW = "another long password"


@pytest.fixture
def tokens(user: User) -> dict[str, str]:
    """Return a valid token for each endpoint."""
    registration = Registration.objects.create(email="grace@example.com", password="hash")
    return {VERIFY: token_of(registration_link(registration)), CONFIRM: token_of(password_reset_link(user))}


def use(path: str, token: str) -> int:
    """Use a token, check the problem document of a refusal, and return the status."""
    body = {"token": token} if path == VERIFY else {"token": token, "new_password": NEW}
    response = APIClient().post(path, body)
    if response.status_code != 204:
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["type"] == "urn:problem:invalid-link"
    return response.status_code


both_endpoints = pytest.mark.parametrize("path", [VERIFY, CONFIRM])


@both_endpoints
def test_token_works_once(tokens: dict[str, str], path: str) -> None:
    assert [use(path, tokens[path]), use(path, tokens[path])] == [204, 400]


@pytest.mark.parametrize(
    ("path", "lifetime"),
    [
        (VERIFY, settings.EMAIL_VERIFICATION_TIMEOUT),
        (CONFIRM, timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)),
    ],
)
def test_token_expires(tokens: dict[str, str], path: str, lifetime: timedelta) -> None:
    now = timezone.now()
    with time_machine.travel(now + lifetime + timedelta(seconds=2)):
        assert use(path, tokens[path]) == 400
    with time_machine.travel(now + lifetime - timedelta(seconds=2)):
        assert use(path, tokens[path]) == 204


@both_endpoints
def test_token_of_another_person_or_purpose_is_refused(tokens: dict[str, str], path: str) -> None:
    other_user = UserFactory.create()
    other_registration = Registration.objects.create(email="second@example.com", password="hash")
    theirs = registration_link(other_registration) if path == VERIFY else password_reset_link(other_user)
    own_id, _, _ = tokens[path].partition(":")
    _, _, other_signature = token_of(theirs).partition(":")

    assert use(path, f"{own_id}:{other_signature}") == 400
    assert use(path, tokens[CONFIRM if path == VERIFY else VERIFY]) == 400
