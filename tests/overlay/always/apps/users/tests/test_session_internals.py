from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from apps.core.exceptions import InvalidTokenError
from apps.users.models import User, UserSession
from apps.users.sessions import TokenPair, session_end, session_refresh, session_start
from tests.concurrency import held_up
from tests.waiting import wait_until


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
            wait_until(lambda: held_up() == 2)
        pairs = [result.result() for result in calls]

    [pair] = [pair for pair in pairs if pair]
    bearer = {"Authorization": f"Bearer {pair['access']}"}
    assert APIClient().get("/api/v1/users/me/", headers=bearer).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_revocation_refuses_an_outer_transaction_that_could_roll_it_back(user: User) -> None:
    refresh = session_start(user=user)["refresh"]

    for service in (session_refresh, session_end):
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
