import pytest
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.users.email_tokens import InvalidLinkError, password_reset_link
from apps.users.models import User
from apps.users.services import (
    password_reset_confirm,
)
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD
from apps.users.tests.mailbox import last_email, token_in, token_of
from tests.concurrency import run_in_parallel

pytestmark = pytest.mark.django_db

CHANGE = "/api/v1/auth/password/change/"
RESET = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
ME = "/api/v1/users/me/"
NEW = "another long password"


def bearer(access: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access}"}


def test_password_change_revokes_every_session_and_starts_a_new_one(api_client: APIClient, user: User) -> None:
    here, elsewhere = session_start(user=user), session_start(user=user)
    body = {"current_password": PASSWORD, "new_password": NEW}

    response = api_client.post(CHANGE, body, headers=bearer(here["access"]))

    assert response.status_code == 200
    for old in (here, elsewhere):
        assert api_client.get(ME, headers=bearer(old["access"])).status_code == 401
        assert api_client.post(REFRESH, {"refresh": old["refresh"]}).status_code == 401
    assert api_client.get(ME, headers=bearer(response.json()["access"])).status_code == 200
    assert api_client.post(REFRESH, {"refresh": response.json()["refresh"]}).status_code == 200
    assert last_email().subject.endswith("was changed")


@pytest.mark.parametrize(
    ("current", "new", "pointer"),
    [("wrong", NEW, "#/current_password"), (PASSWORD, "short", "#/new_password")],
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

    response = api_client.post(CONFIRM, {"token": token_in(last_email()), "new_password": NEW})

    assert response.status_code == 204
    assert api_client.get(ME, headers=bearer(old["access"])).status_code == 401
    with zeal_ignore():
        assert api_client.post(TOKEN, {"email": user.email, "password": NEW}).status_code == 200
        assert api_client.post(TOKEN, {"email": user.email, "password": PASSWORD}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_concurrent_uses_of_one_reset_link_have_one_winner(user: User) -> None:
    token = token_of(password_reset_link(user))

    results = run_in_parallel(*[lambda: password_reset_confirm(token=token, new_password=NEW)] * 8)

    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, InvalidLinkError) for result in results) == 7
