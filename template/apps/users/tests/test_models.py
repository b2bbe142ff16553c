import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from apps.users.models import User
from apps.users.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_email_address_is_stored_in_lower_case_and_found_in_any_case() -> None:
    user = User.objects.create_user("Ada@Example.COM ", PASSWORD)

    assert str(user) == "ada@example.com"
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert User.objects.get_by_natural_key("ADA@example.com") == user
    with pytest.raises(IntegrityError):
        User.objects.create_user("ADA@EXAMPLE.COM")


def test_database_refuses_an_email_address_in_upper_case() -> None:
    with pytest.raises(IntegrityError, match="users_user_email_lower_case"):
        User.objects.bulk_create([User(email="Ada@example.com")])


def test_full_clean_normalizes_and_validates_the_email_address() -> None:
    user = User(email="Ada@Example.com", password="x")

    user.full_clean()

    assert user.email == "ada@example.com"
    with pytest.raises(ValidationError):
        User(email="nobody", password="x").full_clean()
