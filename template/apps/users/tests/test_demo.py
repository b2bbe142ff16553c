import pytest
from pytest_django import Settings
from zeal import zeal_ignore

from apps.users.demo import DEMO_EMAIL, DEMO_PASSWORD, demo_user_create, users_seed
from apps.users.models import User

pytestmark = pytest.mark.django_db


def test_people_are_made_on_top_of_those_who_are_there() -> None:
    ids = [pk for _ in range(2) for pk in users_seed(count=3)]

    users = User.objects.filter(pk__in=ids)
    assert len(users) == 6
    assert not any(user.has_usable_password() for user in users)
    for user in users:
        user.full_clean(exclude=["password"])


def test_the_demo_user_is_made_once(settings: Settings) -> None:
    settings.DEBUG = True

    with zeal_ignore():
        pk, is_new = demo_user_create()
        assert is_new
        assert demo_user_create() == (pk, False)

    assert User.objects.get(email=DEMO_EMAIL).check_password(DEMO_PASSWORD)


def test_the_password_that_everybody_knows_opens_nothing_outside_of_development(settings: Settings) -> None:
    settings.DEBUG = False

    demo_user_create()

    assert not User.objects.get(email=DEMO_EMAIL).has_usable_password()
