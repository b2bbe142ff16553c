from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
from zeal import zeal_ignore

from apps.core.exceptions import InvalidTokenError
from apps.users.models import Role, User
from apps.users.selectors import user_roles
from apps.users.services import (
    clear_expired,
    role_assign,
    token_refresh,
    token_revoke,
    user_create,
    user_update,
)
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestUserCreate:
    def test_welcomes_the_user_by_mail_after_the_commit(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            user_create(email="Ada@example.com", password="secret-enough", first_name="Ada", last_name="L")
            assert mail.outbox == []

        [message] = mail.outbox
        assert message.to == ["ada@example.com"]
        assert "Ada L" in str(message.body)
        assert "\n" not in message.subject

    def test_sends_nothing_when_the_transaction_is_rolled_back(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        UserFactory.create(email="ada@example.com")

        with django_capture_on_commit_callbacks(execute=True), pytest.raises(IntegrityError), transaction.atomic():
            user_create(email="ADA@example.com")

        assert mail.outbox == []


class TestUserUpdate:
    def test_changes_what_is_given_and_leaves_the_rest(self, user: User) -> None:
        user_update(user=user, first_name="Grace")

        user.refresh_from_db()
        assert (user.first_name, user.last_name) == ("Grace", "Lovelace")

    def test_writes_nothing_when_nothing_changes(
        self, user: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(2):  # the savepoint of the test's own transaction
            user_update(user=user, first_name=user.first_name)


def test_a_role_is_assigned_once(user: User) -> None:
    with zeal_ignore():
        role_assign(user=user, role=Role.MANAGER)
        role_assign(user=user, role=Role.MANAGER)

    assert user_roles(user=user) == ["manager"]


class TestTokenRefresh:
    def test_gives_a_new_pair_for_the_same_user(self, user: User) -> None:
        first = RefreshToken.for_user(user)

        pair = token_refresh(refresh=str(first))

        assert AccessToken(pair["access"])["user_id"] == str(user.pk)  # type: ignore[arg-type]
        assert RefreshToken(pair["refresh"])["jti"] != first["jti"]  # type: ignore[arg-type]

    def test_takes_a_token_once(self, user: User) -> None:
        refresh = str(RefreshToken.for_user(user))
        token_refresh(refresh=refresh)

        with pytest.raises(InvalidTokenError):
            token_refresh(refresh=refresh)

    @pytest.mark.parametrize("text", ["", "not.a.token", "a.b"])
    def test_refuses_what_is_no_token(self, text: str) -> None:
        with pytest.raises(InvalidTokenError):
            token_refresh(refresh=text)

    def test_refuses_an_access_token(self, user: User) -> None:
        with pytest.raises(InvalidTokenError):
            token_refresh(refresh=str(AccessToken.for_user(user)))

    def test_refuses_a_token_of_a_week_ago(self, user: User) -> None:
        refresh = str(RefreshToken.for_user(user))

        with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)), pytest.raises(InvalidTokenError):
            token_refresh(refresh=refresh)

    def test_refuses_a_user_who_is_no_longer_active(self, user: User) -> None:
        refresh = str(RefreshToken.for_user(user))
        User.objects.filter(pk=user.pk).update(is_active=False)

        with pytest.raises(InvalidTokenError):
            token_refresh(refresh=refresh)

    def test_refuses_a_user_who_is_gone(self, user: User) -> None:
        refresh = str(RefreshToken.for_user(user))
        user.delete()

        with pytest.raises(InvalidTokenError):
            token_refresh(refresh=refresh)

    def test_refuses_a_token_from_before_a_change_of_password(self, user: User) -> None:
        refresh = str(RefreshToken.for_user(user))
        user.set_password("another horse")
        user.save()

        with pytest.raises(InvalidTokenError):
            token_refresh(refresh=refresh)


@pytest.mark.django_db(transaction=True)
def test_of_refreshing_and_signing_out_at_once_one_wins(user: User) -> None:
    refresh = str(RefreshToken.for_user(user))
    start = Barrier(4)

    def use(service: Callable[..., object]) -> bool:
        start.wait()
        try:
            service(refresh=refresh)
        except InvalidTokenError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(max_workers=4) as threads:
        results = list(threads.map(use, [token_refresh, token_revoke, token_refresh, token_revoke]))

    assert sum(results) == 1


def test_a_revoked_token_gets_no_new_pair(user: User) -> None:
    refresh = str(RefreshToken.for_user(user))
    token_revoke(refresh=refresh)

    with pytest.raises(InvalidTokenError):
        token_refresh(refresh=refresh)


def test_clearing_deletes_expired_sessions_and_tokens_and_no_others(user: User, client: Client) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        client.force_login(user)
        RefreshToken.for_user(user)
    client.logout()
    with time_machine.travel(timezone.now() - timedelta(days=30)):
        Client().force_login(user)
    Client().force_login(user)
    valid = RefreshToken.for_user(user)

    clear_expired()
    clear_expired()

    assert Session.objects.count() == 1
    assert [token.jti for token in OutstandingToken.objects.all()] == [valid["jti"]]
