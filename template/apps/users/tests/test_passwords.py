import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.core.exceptions import InvalidTokenError
from apps.users.links import InvalidLinkError, password_reset_link
from apps.users.models import User
from apps.users.services import (
    password_change,
    password_reset_confirm,
    password_reset_request,
    user_delete,
    user_update,
)
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD
from apps.users.tests.mailbox import last_mail, token_in, token_of
from tests.concurrency import at_once

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


def test_a_change_ends_every_other_session_at_once_and_goes_on_with_a_new_one(
    api_client: APIClient, user: User
) -> None:
    here, elsewhere = session_start(user=user), session_start(user=user)

    answer = api_client.post(
        CHANGE, {"current_password": PASSWORD, "new_password": NEW}, headers=bearer(here["access"])
    )

    assert answer.status_code == 200
    for old in (here, elsewhere):
        assert api_client.get(ME, headers=bearer(old["access"])).status_code == 401
        assert api_client.post(REFRESH, {"refresh": old["refresh"]}).status_code == 401
    assert api_client.get(ME, headers=bearer(answer.json()["access"])).status_code == 200
    assert api_client.post(REFRESH, {"refresh": answer.json()["refresh"]}).status_code == 200
    assert last_mail().subject.endswith("was changed")


@pytest.mark.parametrize(
    ("current", "new", "pointer"),
    [("wrong", NEW, "#/current_password"), (PASSWORD, "short", "#/new_password")],
)
def test_a_change_names_the_field_that_is_wrong_and_changes_nothing(
    signed_in: APIClient, user: User, current: str, new: str, pointer: str
) -> None:
    answer = signed_in.post(CHANGE, {"current_password": current, "new_password": new})

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {pointer}
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_new_password_by_mail(api_client: APIClient, user: User) -> None:
    old = session_start(user=user)
    assert api_client.post(RESET, {"email": user.email.upper()}).status_code == 202

    answer = api_client.post(CONFIRM, {"token": token_in(last_mail()), "new_password": NEW})

    assert answer.status_code == 204
    assert api_client.get(ME, headers=bearer(old["access"])).status_code == 401
    with zeal_ignore():
        assert api_client.post(TOKEN, {"email": user.email, "password": NEW}).status_code == 200
        assert api_client.post(TOKEN, {"email": user.email, "password": PASSWORD}).status_code == 401


def test_a_weak_password_leaves_the_link_as_it_was(user: User) -> None:
    password_reset_request(email=user.email)
    token = token_in(last_mail())

    with pytest.raises(ValidationError):
        password_reset_confirm(token=token, new_password=user.email)
    password_reset_confirm(token=token, new_password=NEW)

    user.refresh_from_db()
    assert user.check_password(NEW)


def test_an_account_that_may_not_sign_in_gets_no_link(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)

    password_reset_request(email=user.email)

    assert last_mail().subject.startswith("No account")
    assert "token=" not in last_mail().text


def test_a_user_without_a_password_chooses_one_by_mail() -> None:
    user = User.objects.create_user("ada@example.com")

    password_reset_request(email=user.email)
    password_reset_confirm(token=token_in(last_mail()), new_password=NEW)

    user.refresh_from_db()
    assert user.check_password(NEW)


def test_a_change_that_meets_another_looks_at_the_password_that_is(user: User) -> None:
    stale = User.objects.get(pk=user.pk)
    password_change(user=user, current_password=PASSWORD, new_password=NEW)

    with zeal_ignore(), pytest.raises(ValidationError):
        password_change(user=stale, current_password=PASSWORD, new_password="yet another password")


@pytest.mark.django_db(transaction=True)
def test_of_eight_uses_of_one_link_at_once_one_counts(user: User) -> None:
    token = token_of(password_reset_link(user))

    results = at_once(*[lambda: password_reset_confirm(token=token, new_password=NEW)] * 8)

    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, InvalidLinkError) for result in results) == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(5))
def test_an_account_that_is_deleted_meanwhile_is_changed_no_more(user: User, round_: int) -> None:
    results = at_once(
        lambda: user_delete(user=User.objects.get(pk=user.pk)),
        lambda: user_update(user=User(pk=user.pk), first_name=f"Returned {round_}"),
        lambda: password_change(user=User(pk=user.pk), current_password=PASSWORD, new_password=NEW),
    )

    left = User.all_objects.get(pk=user.pk)
    assert results[0] is None
    assert (left.is_deleted, left.first_name, left.has_usable_password()) == (True, "", False)
    assert all(isinstance(result, (User, dict, InvalidTokenError)) for result in results[1:])


def test_an_account_that_is_gone_is_changed_by_nobody(user: User) -> None:
    stale = User.objects.get(pk=user.pk)
    user_delete(user=user)

    for change in (
        lambda: user_update(user=stale, first_name="Returned"),
        lambda: password_change(user=stale, current_password=PASSWORD, new_password=NEW),
    ):
        with zeal_ignore(), pytest.raises(InvalidTokenError):
            change()
