from collections.abc import Callable

import pytest
from django.utils import timezone

from apps.users.email_tokens import password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.services import password_change, user_delete
from apps.users.tests.factories import NEW_PASSWORD, PASSWORD, token_of
from apps.users.tests.test_passwords import CONFIRM, VERIFY, both_endpoints, use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]


@pytest.fixture
def tokens(user: User) -> dict[str, str]:
    registration = Registration.objects.create(email="grace@example.com", password="hash")
    return {VERIFY: token_of(registration_link(registration)), CONFIRM: token_of(password_reset_link(user))}


@both_endpoints
@pytest.mark.parametrize("token", ["x", "a:b:c", "é", "A" * 22, f"{'A' * 22}:1xVVqm:x", "\u00e9:x", "A" * 256])
def test_malformed_token_is_refused(path: str, token: str) -> None:
    assert use(path, token) == 400


@both_endpoints
def test_token_with_a_changed_character_is_refused(tokens: dict[str, str], path: str) -> None:
    token = tokens[path]
    for position in range(0, len(token), 5):
        changed = token[:position] + ("0" if token[position] != "0" else "1") + token[position + 1 :]
        assert use(path, changed) == 400, position


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda user: password_change(user=user, current_password=PASSWORD, new_password=NEW_PASSWORD), id="password"
        ),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(email="moved@example.com"), id="email"),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(last_login=timezone.now()), id="sign-in"),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(is_active=False), id="deactivation"),
        pytest.param(lambda user: user_delete(user=user), id="deletion"),
    ],
)
def test_change_of_the_account_ends_reset_token(
    tokens: dict[str, str], user: User, change: Callable[[User], object]
) -> None:
    change(user)

    assert use(CONFIRM, tokens[CONFIRM]) == 400
