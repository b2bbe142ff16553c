import pytest

from apps.users.models import User
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_user_created_without_a_password_has_no_usable_one() -> None:
    assert not User.objects.create_user("ada@example.com").has_usable_password()


def test_superuser_has_every_permission() -> None:
    user = User.objects.create_superuser("root@example.com", PASSWORD)

    assert user.is_staff
    assert user.has_perm("users.delete_user")


def test_ids_sort_by_creation() -> None:
    first, second = UserFactory.create(), UserFactory.create()

    assert first.pk < second.pk


@pytest.mark.parametrize("email", ["", "  ", None])
def test_user_without_an_email_address_is_refused(email: str | None) -> None:
    with pytest.raises(ValueError, match="needs an email address"):
        User.objects.create_user(email)  # type: ignore[arg-type]
