from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.core.exceptions import InvalidTokenError
from apps.users.models import User, UserSession
from apps.users.sessions import TokenPair, session_refresh, session_sign_out, session_start
from apps.users.tests.factories import PASSWORD, UserFactory
from tests.concurrency import run_in_parallel

pytestmark = pytest.mark.django_db

TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
LOGOUT = "/api/v1/auth/logout/"
ME = "/api/v1/users/me/"


def is_accepted(pair: TokenPair) -> bool:
    """Return whether the API accepts an access token."""
    response = APIClient().get(ME, headers={"Authorization": f"Bearer {pair['access']}"})
    assert response.status_code in {200, 401}
    return response.status_code == 200


def test_sign_in_refresh_and_logout(api_client: APIClient, user: User) -> None:
    first = api_client.post(TOKEN, {"email": user.email.upper(), "password": PASSWORD})
    assert first.status_code == 200
    assert set(first.json()) == {"access", "refresh"}
    user.refresh_from_db()
    assert user.last_login is not None

    second = api_client.post(REFRESH, {"refresh": first.json()["refresh"]})
    assert second.status_code == 200
    assert (first["Cache-Control"], second["Cache-Control"]) == ("no-store", "no-store")
    assert is_accepted(second.json())

    assert api_client.post(LOGOUT, {"refresh": second.json()["refresh"]}).status_code == 204
    # Logout revokes access tokens immediately, before they expire.
    assert not is_accepted(second.json())
    assert not is_accepted(first.json())
    assert api_client.post(REFRESH, {"refresh": second.json()["refresh"]}).status_code == 401


def test_logout_ends_one_session_or_all_of_the_user(api_client: APIClient, user: User) -> None:
    first, second, third = (session_start(user=user) for _ in range(3))
    of_another_user = session_start(user=UserFactory.create())

    api_client.post(LOGOUT, {"refresh": first["refresh"]})
    assert [is_accepted(pair) for pair in (first, second, third, of_another_user)] == [False, True, True, True]

    api_client.post(LOGOUT, {"refresh": second["refresh"], "all_devices": True})
    assert [is_accepted(pair) for pair in (second, third, of_another_user)] == [False, False, True]


@pytest.mark.parametrize("reuse", [session_refresh, session_sign_out])
def test_refresh_token_reuse_revokes_session(
    user: User, reuse: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    stolen, other = session_start(user=user), session_start(user=user)
    newest = session_refresh(refresh=session_refresh(refresh=stolen["refresh"])["refresh"])

    with pytest.raises(InvalidTokenError):
        reuse(refresh=stolen["refresh"])

    assert "refresh_token_reused" in caplog.text
    assert not is_accepted(newest)
    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=newest["refresh"])
    assert is_accepted(other)


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_revoked_refresh_token_is_answered_with_401(api_client: APIClient, user: User, path: str) -> None:
    refresh = session_start(user=user)["refresh"]
    session_sign_out(refresh=refresh)

    response = api_client.post(path, {"refresh": refresh})

    assert response.status_code == 401
    assert response.json()["type"] == "urn:problem:invalid-token"
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(is_active=False), id="deactivated"),
        pytest.param(lambda user: user.soft_delete(), id="soft-deleted"),
        pytest.param(lambda user: user.delete(), id="deleted"),
        pytest.param(lambda user: (user.set_password("from the admin"), user.save()), id="password changed"),
    ],
)
def test_change_of_the_user_revokes_tokens(user: User, end: Callable[[User], object]) -> None:
    pair = session_start(user=user)
    assert is_accepted(pair)

    end(user)

    assert not is_accepted(pair)
    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=pair["refresh"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rates")
def test_concurrent_refreshes_with_one_token_have_one_winner(user: User) -> None:
    winners = []
    for _ in range(5):
        refresh = session_start(user=user)["refresh"]
        statuses = run_in_parallel(*[lambda: APIClient().post(REFRESH, {"refresh": refresh}).status_code] * 8)  # noqa: B023
        assert set(statuses) <= {200, 401}
        winners.append(statuses.count(200))

    assert winners == [1] * 5


def test_clear_expired_deletes_only_expired_sessions(user: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=365)):
        Client().force_login(user)
        session_start(user=user)
    Client().force_login(user)
    pair = session_start(user=user)

    call_command("clear_expired")

    assert Session.objects.count() == 1
    assert UserSession.objects.count() == 1
    assert is_accepted(pair)
