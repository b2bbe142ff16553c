import pytest
from pytest_django import Settings

from apps.users.demo import DEMO_EMAIL, DEMO_PASSWORD, demo_user_create, users_seed
from apps.users.models import User

pytestmark = pytest.mark.django_db


def test_users_seed_adds_valid_users_without_a_password() -> None:
    ids = [pk for _ in range(2) for pk in users_seed(count=3)]

    users = User.objects.filter(pk__in=ids)
    assert len(users) == 6
    assert not any(user.has_usable_password() for user in users)
    for user in users:
        user.full_clean(exclude=["password"])


def test_demo_user_is_created_once(settings: Settings) -> None:
    settings.DEBUG = True

    pk, is_new = demo_user_create()
    assert is_new
    assert demo_user_create() == (pk, False)

    assert User.objects.get(email=DEMO_EMAIL).check_password(DEMO_PASSWORD)


def test_demo_user_has_no_password_unless_debug_is_on(settings: Settings) -> None:
    settings.DEBUG = False

    demo_user_create()

    assert not User.objects.get(email=DEMO_EMAIL).has_usable_password()
