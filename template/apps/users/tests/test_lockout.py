from datetime import timedelta
from typing import Any

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
from apps.users.tests.mailbox import last_email, token_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_repeated_queries", "rates")]

LIMIT = settings.AXES_FAILURE_LIMIT
LOCKED = [401] * (LIMIT - 1) + [429]
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def _repeated_queries() -> object:
    with zeal_ignore():
        yield


def post(email: str, password: str = PASSWORD, ip: str = HERE, **headers: str) -> Any:
    body = {"email": email, "password": password}
    return APIClient().post("/api/v1/auth/token/", body, REMOTE_ADDR=ip, headers=headers)


def fail(email: str, times: int = LIMIT) -> list[int]:
    return [post(email, "wrong").status_code for _ in range(times)]


def test_failed_sign_ins_lock_one_account_for_one_client(user: User) -> None:
    colleague = UserFactory.create()

    assert fail(user.email) == LOCKED

    response = post(user.email)  # with the right password
    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:problem:locked-out"
    assert post(user.email, ip=THERE).status_code == 200
    assert post(colleague.email).status_code == 200


def test_unknown_address_is_locked_alike(user: User) -> None:
    assert fail("nobody@example.com") == fail(user.email)


def test_case_and_headers_do_not_evade_the_lock() -> None:
    UserFactory.create(email="ada@example.com")

    responses = [
        post(
            "ada@example.com".replace("a", "A", number),
            "wrong",
            **{"User-Agent": f"browser {number}", "X-Forwarded-For": f"203.0.113.{number}"},
        )
        for number in range(LIMIT)
    ]

    assert [response.status_code for response in responses] == LOCKED


def test_client_behind_a_proxy_is_the_address_that_the_proxy_adds(user: User, settings: Settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    headers = [{"X-Forwarded-For": f"198.51.100.{number}, {HERE}"} for number in range(LIMIT)]

    assert [post(user.email, "wrong", **header).status_code for header in headers] == LOCKED
    assert post(user.email, **{"X-Forwarded-For": THERE}).status_code == 200


def test_lock_ends_after_the_cool_off_time_and_further_attempts_do_not_extend_it(user: User) -> None:
    cool_off, minute, now = settings.AXES_COOLOFF_TIME, timedelta(minutes=1), timezone.now()
    fail(user.email)
    assert cool_off - minute < timedelta(seconds=int(post(user.email)["Retry-After"])) <= cool_off

    with time_machine.travel(now + cool_off - minute):
        response = post(user.email)
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 61
    with time_machine.travel(now + cool_off + minute):
        assert post(user.email).status_code == 200


def test_successful_sign_in_resets_the_failures(user: User) -> None:
    fail(user.email, times=LIMIT - 1)
    post(user.email)

    assert fail(user.email, times=LIMIT - 1) == [401] * (LIMIT - 1)


def test_password_reset_ends_the_lock(user: User) -> None:
    fail(user.email)
    password_reset_request(email=user.email)
    password_reset_confirm(token=token_in(last_email()), new_password="another long password")

    assert post(user.email, "another long password").status_code == 200


def test_admin_login_and_api_share_the_lock(client: Client) -> None:
    staff = UserFactory.create(is_staff=True)
    login = reverse("admin:login")
    fail(staff.email, times=LIMIT - 1)
    form = {"username": staff.email.upper(), "password": "wrong"}

    response = client.post(login, form, REMOTE_ADDR=HERE)

    assert response.status_code == 429
    assert response["Retry-After"]
    assert "Too many failed sign-ins" in response.content.decode()
    assert client.post(login, {**form, "password": PASSWORD}, REMOTE_ADDR=HERE).status_code == 429
    assert client.post(login, {**form, "password": PASSWORD}, REMOTE_ADDR=THERE).status_code == 302
