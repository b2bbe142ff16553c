from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken as StockRefreshToken
from zeal import zeal_ignore

from apps.core.exceptions import InvalidTokenError
from apps.users.models import User
from apps.users.sessions import TokenPair, session_end, session_refresh, session_start
from apps.users.tests.factories import PASSWORD, UserFactory
from tests.concurrency import at_once
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
LOGOUT = "/api/v1/auth/logout/"
ME = "/api/v1/users/me/"


def is_alive(pair: TokenPair) -> bool:
    """Say whether an access token lets its bearer call."""
    answer = APIClient().get(ME, headers={"Authorization": f"Bearer {pair['access']}"})
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def test_signing_in_reading_refreshing_and_signing_out(api_client: APIClient, user: User) -> None:
    first = api_client.post(TOKEN, {"email": user.email.upper(), "password": PASSWORD})
    assert first.status_code == 200
    assert set(first.json()) == {"access", "refresh"}
    user.refresh_from_db()
    assert user.last_login is not None

    second = api_client.post(REFRESH, {"refresh": first.json()["refresh"]})
    assert second.status_code == 200
    assert (first["Cache-Control"], second["Cache-Control"]) == ("no-store", "no-store")
    assert is_alive(second.json())

    assert api_client.post(LOGOUT, {"refresh": second.json()["refresh"]}).status_code == 204
    # Not in 15 minutes: now.
    assert not is_alive(second.json())
    assert not is_alive(first.json())
    assert api_client.post(REFRESH, {"refresh": second.json()["refresh"]}).status_code == 401


def test_one_device_is_signed_out_or_all_of_them(api_client: APIClient, user: User) -> None:
    here, there, elsewhere = (session_start(user=user) for _ in range(3))
    others = session_start(user=UserFactory.create())

    api_client.post(LOGOUT, {"refresh": here["refresh"]})
    assert [is_alive(pair) for pair in (here, there, elsewhere, others)] == [False, True, True, True]

    api_client.post(LOGOUT, {"refresh": there["refresh"], "all_devices": True})
    assert [is_alive(pair) for pair in (there, elsewhere, others)] == [False, False, True]
    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=elsewhere["refresh"])


def test_a_refresh_token_that_comes_back_ends_its_session_and_no_other(
    user: User, caplog: pytest.LogCaptureFixture
) -> None:
    stolen, other = session_start(user=user), session_start(user=user)
    newest = session_refresh(refresh=session_refresh(refresh=stolen["refresh"])["refresh"])
    assert is_alive(newest)

    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=stolen["refresh"])

    assert "refresh_token_reused" in caplog.text
    assert not is_alive(newest)
    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=newest["refresh"])
    assert is_alive(other)


def test_signing_out_with_a_token_that_comes_back_ends_its_session_too(user: User) -> None:
    stolen = session_start(user=user)
    newest = session_refresh(refresh=stolen["refresh"])

    with pytest.raises(InvalidTokenError):
        session_end(refresh=stolen["refresh"])

    assert not is_alive(newest)


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
def test_a_token_that_is_refused_is_a_problem_document_with_a_challenge(
    api_client: APIClient, user: User, path: str
) -> None:
    refresh = session_start(user=user)["refresh"]
    session_end(refresh=refresh)

    answer = api_client.post(path, {"refresh": refresh})

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:problem:invalid-token"
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("text", ["", "not.a.token", "a.b", "é"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=text)


def test_tokens_are_good_for_their_own_purpose_only(api_client: APIClient, user: User) -> None:
    pair = session_start(user=user)

    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=pair["access"])
    assert not is_alive({"access": pair["refresh"], "refresh": ""})


def test_a_refresh_token_ends_after_a_week_and_an_access_token_after_a_quarter_of_an_hour(user: User) -> None:
    pair = session_start(user=user)
    now = timezone.now()

    with time_machine.travel(now + timedelta(minutes=14, seconds=58)):
        assert is_alive(pair)
    with time_machine.travel(now + timedelta(minutes=15, seconds=1)):
        assert not is_alive(pair)
    with time_machine.travel(now + timedelta(days=7, seconds=1)), pytest.raises(InvalidTokenError):
        session_refresh(refresh=pair["refresh"])
    with time_machine.travel(now + timedelta(days=6, hours=23)):
        session_refresh(refresh=pair["refresh"])


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(is_active=False), id="deactivated"),
        pytest.param(lambda user: user.soft_delete(), id="soft-deleted"),
        pytest.param(lambda user: user.delete(), id="deleted"),
        pytest.param(lambda user: (user.set_password("from the admin"), user.save()), id="another password"),
    ],
)
def test_what_ends_an_account_ends_its_tokens_at_once(user: User, end: Callable[[User], object]) -> None:
    pair = session_start(user=user)
    assert is_alive(pair)

    end(user)

    assert not is_alive(pair)
    with pytest.raises(InvalidTokenError):
        session_refresh(refresh=pair["refresh"])


def test_no_token_is_kept_in_the_database(user: User) -> None:
    session_start(user=user)

    assert [token.token for token in OutstandingToken.objects.all()] == [""]


def test_a_token_of_the_library_is_a_session_of_its_own(user: User) -> None:
    stock = StockRefreshToken.for_user(user)
    assert is_alive({"access": str(stock.access_token), "refresh": ""})

    pair = session_refresh(refresh=str(stock))

    assert is_alive(pair)
    session_end(refresh=pair["refresh"])
    assert not is_alive(pair)


def refresh_at_once(refresh: str, count: int) -> list[object]:
    """Return the statuses of as many calls at once."""
    return at_once(*[lambda: APIClient().post(REFRESH, {"refresh": refresh}).status_code] * count)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rates")
def test_of_eight_refreshes_at_once_one_wins(user: User) -> None:
    rounds = [refresh_at_once(session_start(user=user)["refresh"], 8) for _ in range(20)]

    assert [statuses.count(200) for statuses in rounds] == [1] * 20
    assert [statuses.count(401) for statuses in rounds] == [7] * 20


@pytest.mark.django_db(transaction=True)
def test_who_loses_a_race_has_stolen_nothing(user: User) -> None:
    refresh = session_start(user=user)["refresh"]

    def call() -> TokenPair | None:
        try:
            return session_refresh(refresh=refresh)
        except InvalidTokenError:
            return None
        finally:
            connection.close()

    def waiting() -> bool:
        with connection.cursor() as cursor:
            # Within a transaction, what is going on elsewhere is looked up once and remembered.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return bool(cursor.fetchone() == (2,))

    with ThreadPoolExecutor(max_workers=2) as threads:
        with transaction.atomic():
            # Both calls come in, and wait for the same user.
            User.objects.select_for_update().get(pk=user.pk)
            calls = [threads.submit(call) for _ in range(2)]
            wait_until(waiting)
        pairs = [result.result() for result in calls]

    [pair] = [pair for pair in pairs if pair]
    assert is_alive(pair)


@pytest.mark.django_db(transaction=True)
def test_of_refreshing_and_signing_out_at_once_one_wins(user: User) -> None:
    refresh = session_start(user=user)["refresh"]

    results = at_once(*[partial(service, refresh=refresh) for service in (session_refresh, session_end)] * 2)

    assert sum(isinstance(result, InvalidTokenError) for result in results) == 3


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ends_for_reuse_is_not_brought_back_by_a_transaction_around_it(user: User) -> None:
    refresh = session_start(user=user)["refresh"]

    for service in (session_refresh, session_end):
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            service(refresh=refresh)


def test_clearing_deletes_what_has_expired_and_nothing_else(user: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        Client().force_login(user)
        session_start(user=user)
    Client().force_login(user)
    valid = session_start(user=user)

    with zeal_ignore():
        for _ in range(2):
            call_command("clear_expired")

    assert Session.objects.count() == 1
    assert OutstandingToken.objects.count() == 1
    assert is_alive(valid)
