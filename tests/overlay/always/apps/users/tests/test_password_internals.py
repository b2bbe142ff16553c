import pytest
from django.core.exceptions import ValidationError

from apps.core.exceptions import InvalidTokenError
from apps.users.models import User
from apps.users.services import (
    password_change,
    password_reset_confirm,
    password_reset_request,
    user_delete,
    user_update,
)
from apps.users.tests.factories import NEW_PASSWORD, PASSWORD, last_email, token_in
from tests.concurrency import run_in_parallel

pytestmark = pytest.mark.django_db


def test_password_change_is_reported_by_email(user: User) -> None:
    password_change(user=user, current_password=PASSWORD, new_password=NEW_PASSWORD)

    assert last_email().subject.endswith("was changed")


def test_inactive_account_gets_no_reset_link(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)

    password_reset_request(email=user.email)

    assert last_email().subject.startswith("No account")
    assert "token=" not in last_email().text


def test_user_without_a_password_can_reset_it() -> None:
    user = User.objects.create_user("ada@example.com")

    password_reset_request(email=user.email)
    password_reset_confirm(token=token_in(last_email()), new_password=NEW_PASSWORD)

    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_account_deleted_concurrently_is_not_changed(user: User) -> None:
    results = run_in_parallel(
        lambda: user_delete(user=User.objects.get(pk=user.pk)),
        lambda: user_update(user=User(pk=user.pk), first_name="Returned"),
        lambda: password_change(user=User(pk=user.pk), current_password=PASSWORD, new_password=NEW_PASSWORD),
    )

    deleted = User.all_objects.get(pk=user.pk)
    assert results[0] is None
    assert (deleted.is_deleted, deleted.first_name, deleted.has_usable_password()) == (True, "", False)
    assert all(isinstance(result, (User, dict, InvalidTokenError)) for result in results[1:])


def test_services_use_the_current_row_and_not_a_stale_user(user: User) -> None:
    stale = User.objects.get(pk=user.pk)
    password_change(user=user, current_password=PASSWORD, new_password=NEW_PASSWORD)
    with pytest.raises(ValidationError):
        password_change(user=stale, current_password=PASSWORD, new_password="yet another password")

    user_delete(user=user)
    with pytest.raises(InvalidTokenError):
        password_change(user=stale, current_password=NEW_PASSWORD, new_password="yet another password")
    with pytest.raises(InvalidTokenError):
        user_update(user=stale, first_name="Returned")


def test_reset_link_stays_valid_after_a_weak_password(user: User) -> None:
    password_reset_request(email=user.email)
    token = token_in(last_email())

    with pytest.raises(ValidationError):
        password_reset_confirm(token=token, new_password=user.email)
    password_reset_confirm(token=token, new_password=NEW_PASSWORD)

    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
