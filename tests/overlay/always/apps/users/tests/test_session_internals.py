from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.settings import api_settings

from apps.core.exceptions import InvalidTokenError
from apps.users.models import User, UserSession
from apps.users.sessions import TokenPair, session_refresh, session_sign_out, session_start
from apps.users.tests.test_sessions import is_accepted
from tests.blocking import count_waiting
from tests.concurrency import run_in_parallel, wait_until


@pytest.mark.django_db(transaction=True)
def test_loser_of_a_refresh_race_does_not_revoke_the_session(user: User) -> None:
    refresh = session_start(user=user)["refresh"]

    def call() -> TokenPair | None:
        try:
            return session_refresh(refresh=refresh)
        except InvalidTokenError:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as threads:
        with transaction.atomic():
            # Both calls read the session, and wait for its row.
            UserSession.objects.select_for_update().get(user=user)
            calls = [threads.submit(call) for _ in range(2)]
            wait_until(lambda: count_waiting() == 2)
        pairs = [result.result() for result in calls]

    [pair] = [pair for pair in pairs if pair]
    bearer = {"Authorization": f"Bearer {pair['access']}"}
    assert APIClient().get("/api/v1/users/me/", headers=bearer).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_revocation_refuses_an_outer_transaction_that_could_roll_it_back(user: User) -> None:
    refresh = session_start(user=user)["refresh"]

    for service in (session_refresh, session_sign_out):
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            service(refresh=refresh)


@pytest.mark.django_db
def test_database_has_no_tokens(user: User) -> None:
    pair = session_start(user=user)

    [row] = UserSession.objects.values()
    stored = " ".join(str(value) for value in row.values())
    assert pair["refresh"] not in stored
    assert pair["access"] not in stored
    assert user.password not in stored


@pytest.mark.parametrize("text", ["", "not.a.token", "a.b", "é"])
def test_malformed_refresh_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=text)


def test_access_and_refresh_tokens_are_not_interchangeable(user: User) -> None:
    pair = session_start(user=user)

    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=pair["access"])
    assert not is_accepted({"access": pair["refresh"], "refresh": ""})


def test_tokens_expire_after_their_lifetimes(user: User) -> None:
    pair = session_start(user=user)
    access_expires = timezone.now() + api_settings.ACCESS_TOKEN_LIFETIME
    refresh_expires = timezone.now() + api_settings.REFRESH_TOKEN_LIFETIME
    margin = timedelta(seconds=2)

    with time_machine.travel(access_expires - margin):
        assert is_accepted(pair)
    with time_machine.travel(access_expires + margin):
        assert not is_accepted(pair)
    with time_machine.travel(refresh_expires + margin), pytest.raises(InvalidTokenError):
        session_refresh(refresh=pair["refresh"])
    with time_machine.travel(refresh_expires - margin):
        session_refresh(refresh=pair["refresh"])


@pytest.mark.django_db(transaction=True)
def test_concurrent_refresh_and_logout_have_one_winner(user: User) -> None:
    refresh = session_start(user=user)["refresh"]

    results = run_in_parallel(
        *[partial(service, refresh=refresh) for service in (session_refresh, session_sign_out)] * 2
    )

    assert sum(isinstance(result, InvalidTokenError) for result in results) == 3
