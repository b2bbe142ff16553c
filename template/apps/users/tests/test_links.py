"""Links that are wrong, expired, used, tampered with, another's or for something else are refused alike."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from apps.users.links import password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.services import password_change, user_delete
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD, UserFactory
from apps.users.tests.mailbox import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

VERIFY = "/api/v1/auth/email/verify/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
NEW = "another long password"


@pytest.fixture
def registration() -> Registration:
    return Registration.objects.create(email="grace@example.com", password="hash")


def follow(path: str, token: str) -> int:
    """Use a link, see that a refusal says what it must, and return the status."""
    body = {"token": token} if path == VERIFY else {"token": token, "new_password": NEW}
    answer = APIClient().post(path, body)
    if answer.status_code != 204:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:problem:invalid-link"
    return answer.status_code


def test_a_good_link_works_once(user: User, registration: Registration) -> None:
    for path, token in (
        (VERIFY, token_of(registration_link(registration))),
        (CONFIRM, token_of(password_reset_link(user))),
    ):
        assert [follow(path, token), follow(path, token)] == [204, 400]


@pytest.mark.parametrize("path", [VERIFY, CONFIRM])
@pytest.mark.parametrize(
    "token", ["x", "a:b:c", "::", "é", "A" * 22, f"{'A' * 22}:1xVVqm:x", "null", "../../etc", "%00", "A" * 256]
)
def test_a_wrong_link_is_refused(path: str, token: str) -> None:
    assert follow(path, token) == 400


def test_an_expired_link_is_refused(user: User, registration: Registration) -> None:
    # As the mails say.
    links = [
        (VERIFY, token_of(registration_link(registration)), timedelta(days=1)),
        (CONFIRM, token_of(password_reset_link(user)), timedelta(hours=1)),
    ]
    now = timezone.now()
    for path, token, age in links:
        with time_machine.travel(now + age + timedelta(seconds=2)):
            assert follow(path, token) == 400
        with time_machine.travel(now + age - timedelta(seconds=2)):
            assert follow(path, token) == 204


def test_a_link_that_was_tampered_with_is_refused(user: User, registration: Registration) -> None:
    for path, token in (
        (VERIFY, token_of(registration_link(registration))),
        (CONFIRM, token_of(password_reset_link(user))),
    ):
        for position in range(len(token)):
            changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
            # The last character of an id holds bits that are not part of it.
            assert follow(path, changed) == 400, position


def test_a_link_of_another_is_refused(user: User, registration: Registration) -> None:
    other = UserFactory.create()
    mine, theirs = token_of(password_reset_link(user)).split(":"), token_of(password_reset_link(other)).split(":")
    assert follow(CONFIRM, ":".join([mine[0], *theirs[1:]])) == 400

    second = Registration.objects.create(email="second@example.com", password="hash")
    mine, theirs = token_of(registration_link(registration)).split(":"), token_of(registration_link(second)).split(":")
    assert follow(VERIFY, ":".join([mine[0], *theirs[1:]])) == 400
    assert not User.objects.filter(email__in=["grace@example.com", "second@example.com"]).exists()


def test_a_link_for_something_else_is_refused(user: User, registration: Registration) -> None:
    assert follow(CONFIRM, token_of(registration_link(registration))) == 400
    assert follow(VERIFY, token_of(password_reset_link(user))) == 400
    assert follow(VERIFY, session_start(user=user)["access"][:256]) == 400
    # The same id under the other purpose.
    registration = Registration.objects.create(pk=user.pk, email="grace2@example.com", password="hash")
    assert follow(CONFIRM, token_of(registration_link(registration))) == 400
    assert follow(VERIFY, token_of(password_reset_link(user))) == 400


def test_a_link_ends_with_the_password_the_address_and_the_account_that_it_was_made_for(user: User) -> None:
    token = token_of(password_reset_link(user))
    password_change(user=user, current_password=PASSWORD, new_password=NEW)
    assert follow(CONFIRM, token) == 400

    user.refresh_from_db()
    token = token_of(password_reset_link(user))
    User.objects.filter(pk=user.pk).update(email="moved@example.com")
    assert follow(CONFIRM, token) == 400

    user.refresh_from_db()
    token = token_of(password_reset_link(user))
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert follow(CONFIRM, token) == 400

    User.objects.filter(pk=user.pk).update(is_active=True)
    user_delete(user=user)
    assert follow(CONFIRM, token) == 400
