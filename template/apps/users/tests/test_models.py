import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from apps.users.models import User
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_a_user_is_known_by_address_and_has_no_user_name() -> None:
    user = User.objects.create_user("Ada@Example.COM ", PASSWORD)

    assert str(user) == "ada@example.com"
    assert user.check_password(PASSWORD)
    assert not hasattr(User, "username") or User.username is None
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_a_user_is_found_however_the_address_is_written() -> None:
    user = UserFactory.create(email="ada@example.com")

    assert User.objects.get_by_natural_key("ADA@example.com") == user


def test_a_user_without_a_password_cannot_sign_in() -> None:
    assert not User.objects.create_user("ada@example.com").has_usable_password()


@pytest.mark.parametrize("address", ["", "  ", None])
def test_a_user_needs_an_address(address: str | None) -> None:
    with pytest.raises(ValueError, match="needs an email address"):
        User.objects.create_user(address)  # type: ignore[arg-type]


def test_a_superuser_may_do_everything() -> None:
    user = User.objects.create_superuser("root@example.com", PASSWORD)

    assert user.is_staff
    assert user.has_perm("users.delete_user")


def test_an_address_belongs_to_one_user_whatever_its_case() -> None:
    UserFactory.create(email="ada@example.com")

    with pytest.raises(IntegrityError):
        User.objects.create_user("ADA@EXAMPLE.COM")


def test_the_database_refuses_an_address_that_is_not_in_lower_case() -> None:
    with pytest.raises(IntegrityError, match="users_user_email_lower_case"):
        User.objects.bulk_create([User(email="Ada@example.com")])


def test_forms_bring_the_address_into_its_stored_form() -> None:
    user = User(email="Ada@Example.com", password="x")

    user.full_clean()

    assert user.email == "ada@example.com"


def test_forms_refuse_what_is_no_address() -> None:
    with pytest.raises(ValidationError):
        User(email="nobody", password="x").full_clean()


def test_later_users_have_greater_ids() -> None:
    first, second = UserFactory.create(), UserFactory.create()

    assert first.pk < second.pk


@pytest.mark.django_db(transaction=True)
def test_the_migrations_go_back_and_forth() -> None:
    executor = MigrationExecutor(connection)
    assert "users_user" in connection.introspection.table_names()

    executor.migrate([("admin", None), ("token_blacklist", None), ("users", None)])
    assert "users_user" not in connection.introspection.table_names()

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    assert "users_user" in connection.introspection.table_names()
