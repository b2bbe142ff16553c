from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.users.models import User
from apps.users.services import password_reset_confirm, password_reset_request
from apps.users.tests.factories import PASSWORD, UserFactory
from apps.users.tests.mailbox import last_mail, token_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_repeats", "rates")]

TOKEN = "/api/v1/auth/token/"
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def _repeats() -> object:
    """Trying again and again is what these tests are about."""
    with zeal_ignore():
        yield


def sign_in(email: str, password: str = PASSWORD, address: str = HERE, **headers: str) -> int:
    answer = APIClient().post(TOKEN, {"email": email, "password": password}, REMOTE_ADDR=address, headers=headers)
    return answer.status_code


def fail(email: str, times: int = settings.AXES_FAILURE_LIMIT, **headers: str) -> list[int]:
    return [sign_in(email, "wrong", **headers) for _ in range(times)]


def test_too_many_failures_lock_one_account_for_one_client(user: User) -> None:
    other = UserFactory.create()

    assert fail(user.email) == [401, 401, 401, 401, 429]

    assert sign_in(user.email) == 429  # also with the right password
    assert sign_in(user.email, address=THERE) == 200  # its owner, elsewhere
    assert sign_in(other.email) == 200  # a colleague in the same office


def test_an_address_that_nobody_has_is_locked_alike(user: User) -> None:
    assert fail("nobody@example.com") == fail(user.email)


def test_the_case_of_an_address_makes_it_no_other() -> None:
    UserFactory.create(email="ada@example.com")
    for written in ("ada@example.com", "ADA@example.com", "Ada@Example.com", "adA@example.com", "aDa@example.com"):
        sign_in(written, "wrong")

    assert sign_in("ada@example.com") == 429


def test_another_browser_makes_no_other_client(user: User) -> None:
    statuses = [sign_in(user.email, "wrong", **{"User-Agent": f"browser {number}"}) for number in range(5)]

    assert statuses == [401, 401, 401, 401, 429]


def test_a_made_up_header_makes_no_other_client(user: User) -> None:
    statuses = [sign_in(user.email, "wrong", **{"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(5)]

    assert statuses == [401, 401, 401, 401, 429]


def test_behind_a_proxy_the_client_is_whom_the_proxy_names(user: User, settings: Settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    made_up = [f"198.51.100.{number}, {HERE}" for number in range(5)]

    statuses = [sign_in(user.email, "wrong", **{"X-Forwarded-For": forwarded}) for forwarded in made_up]

    assert statuses == [401, 401, 401, 401, 429]
    assert sign_in(user.email, **{"X-Forwarded-For": THERE}) == 200


@pytest.mark.parametrize("address", ["", "unknown", "unix:"])
def test_a_client_without_an_address_is_locked_as_well(user: User, address: str) -> None:
    statuses = [sign_in(user.email, "wrong", address) for _ in range(5)]

    assert statuses == [401, 401, 401, 401, 429]


def test_the_answer_says_when_to_come_back(user: User) -> None:
    fail(user.email)

    answer = APIClient().post(TOKEN, {"email": user.email, "password": PASSWORD}, REMOTE_ADDR=HERE)

    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:problem:locked-out"
    assert 14 * 60 < int(answer["Retry-After"]) <= 15 * 60
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        answer = APIClient().post(TOKEN, {"email": user.email, "password": PASSWORD}, REMOTE_ADDR=HERE)
    assert 0 < int(answer["Retry-After"]) <= 60


def test_a_lock_ends_on_its_own_and_trying_on_does_not_lengthen_it(user: User) -> None:
    now = timezone.now()
    fail(user.email)
    with time_machine.travel(now + timedelta(minutes=14)):
        assert sign_in(user.email) == 429

    with time_machine.travel(now + timedelta(minutes=15, seconds=10)):
        assert sign_in(user.email) == 200


def test_a_success_forgets_the_failures_before_it(user: User) -> None:
    fail(user.email, times=4)
    sign_in(user.email)

    assert fail(user.email, times=4) == [401] * 4


def test_a_new_password_by_mail_ends_the_lock(user: User) -> None:
    fail(user.email)
    password_reset_request(email=user.email)
    password_reset_confirm(token=token_in(last_mail()), new_password="another long password")

    assert sign_in(user.email, "another long password") == 200


def test_the_admin_locks_alike_and_shares_the_count(client: Client) -> None:
    staff = UserFactory.create(is_staff=True)
    login = reverse("admin:login")
    fail(staff.email, times=4)

    form = {"username": staff.email.upper(), "password": "wrong"}
    answer = client.post(login, form, REMOTE_ADDR=HERE)

    assert answer.status_code == 429
    assert answer["Retry-After"]
    assert answer["Content-Type"].startswith("text/html")
    assert "Too many failed attempts" in answer.content.decode()
    assert client.post(login, {**form, "password": PASSWORD}, REMOTE_ADDR=HERE).status_code == 429
    assert client.post(login, {**form, "password": PASSWORD}, REMOTE_ADDR=THERE).status_code == 302


def test_the_log_names_neither_account_nor_client(user: User, caplog: pytest.LogCaptureFixture) -> None:
    fail(user.email)

    assert "sign_in_locked_out" in caplog.text
    assert user.email not in caplog.text
    assert HERE not in caplog.text
