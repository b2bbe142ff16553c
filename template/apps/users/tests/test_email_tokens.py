from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from apps.users.email_tokens import password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.services import password_change, user_delete
from apps.users.tests.factories import PASSWORD, UserFactory
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


@both_endpoints
@pytest.mark.parametrize("token", ["x", "a:b:c", "é", "A" * 22, f"{'A' * 22}:1xVVqm:x", "\u00e9:x", "A" * 256])
def test_malformed_token_is_refused(path: str, token: str) -> None:
    assert use(path, token) == 400


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
def test_token_with_a_changed_character_is_refused(tokens: dict[str, str], path: str) -> None:
    token = tokens[path]
    for position in range(0, len(token), 5):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert use(path, changed) == 400, position


@both_endpoints
def test_token_of_another_person_or_purpose_is_refused(tokens: dict[str, str], path: str) -> None:
    other_user = UserFactory.create()
    other_registration = Registration.objects.create(email="second@example.com", password="hash")
    theirs = registration_link(other_registration) if path == VERIFY else password_reset_link(other_user)
    own_id, _, _ = tokens[path].partition(":")
    _, _, other_signature = token_of(theirs).partition(":")

    assert use(path, f"{own_id}:{other_signature}") == 400
    assert use(path, tokens[CONFIRM if path == VERIFY else VERIFY]) == 400


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda user: password_change(user=user, current_password=PASSWORD, new_password=NEW), id="password"
        ),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(email="moved@example.com"), id="email"),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(last_login=timezone.now()), id="sign-in"),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(is_active=False), id="deactivation"),
        pytest.param(lambda user: user_delete(user=user), id="deletion"),
    ],
)
def test_change_of_the_account_ends_reset_token(
    tokens: dict[str, str], user: User, change: Callable[[User], object]
) -> None:
    change(user)

    assert use(CONFIRM, tokens[CONFIRM]) == 400
