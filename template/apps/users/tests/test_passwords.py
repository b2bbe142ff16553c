from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from apps.users.email_tokens import InvalidLinkError, password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.services import (
    password_reset_confirm,
)
from apps.users.sessions import session_start
from apps.users.tests.factories import NEW_PASSWORD, PASSWORD, UserFactory, last_email, token_in, token_of
from tests.concurrency import run_in_parallel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

CHANGE = "/api/v1/auth/password/change/"
RESET = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
VERIFY = "/api/v1/auth/email/verify/"
ME = "/api/v1/users/me/"


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


def test_password_change_revokes_every_session_and_starts_a_new_one(api_client: APIClient, user: User) -> None:
    here, elsewhere = session_start(user=user), session_start(user=user)
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    response = api_client.post(CHANGE, body, headers=bearer(here["access"]))

    assert response.status_code == 200
    for old in (here, elsewhere):
        assert api_client.get(ME, headers=bearer(old["access"])).status_code == 401
        assert api_client.post(REFRESH, {"refresh": old["refresh"]}).status_code == 401
    assert api_client.get(ME, headers=bearer(response.json()["access"])).status_code == 200
    assert api_client.post(REFRESH, {"refresh": response.json()["refresh"]}).status_code == 200
    assert last_email().recipient == user.email


@pytest.mark.parametrize(
    ("current", "new", "pointer"),
    [("wrong", NEW_PASSWORD, "#/current_password"), (PASSWORD, "short", "#/new_password")],
)
def test_refused_password_change_names_the_field(
    signed_in: APIClient, user: User, current: str, new: str, pointer: str
) -> None:
    response = signed_in.post(CHANGE, {"current_password": current, "new_password": new})

    assert response.status_code == 400
    assert {error["pointer"] for error in response.json()["errors"]} == {pointer}
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_password_reset_sets_the_password_and_revokes_sessions(api_client: APIClient, user: User) -> None:
    old = session_start(user=user)
    assert api_client.post(RESET, {"email": user.email.upper()}).status_code == 202

    response = api_client.post(CONFIRM, {"token": token_in(last_email()), "new_password": NEW_PASSWORD})

    assert response.status_code == 204
    assert api_client.get(ME, headers=bearer(old["access"])).status_code == 401
    assert api_client.post(TOKEN, {"email": user.email, "password": NEW_PASSWORD}).status_code == 200
    assert api_client.post(TOKEN, {"email": user.email, "password": PASSWORD}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_concurrent_uses_of_one_reset_link_have_one_winner(user: User) -> None:
    token = token_of(password_reset_link(user))

    results = run_in_parallel(*[lambda: password_reset_confirm(token=token, new_password=NEW_PASSWORD)] * 8)

    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, InvalidLinkError) for result in results) == 7


@pytest.fixture
def tokens(user: User) -> dict[str, str]:
    """Return a valid token for each endpoint."""
    registration = Registration.objects.create(email="grace@example.com", password="hash")
    return {VERIFY: token_of(registration_link(registration)), CONFIRM: token_of(password_reset_link(user))}


def use(path: str, token: str) -> int:
    """Use a token, check the problem document of a refusal, and return the status."""
    body = {"token": token} if path == VERIFY else {"token": token, "new_password": NEW_PASSWORD}
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
    # A number leaves the local time zone alone.
    with time_machine.travel((now + lifetime + timedelta(seconds=2)).timestamp()):
        assert use(path, tokens[path]) == 400
    with time_machine.travel((now + lifetime - timedelta(seconds=2)).timestamp()):
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
