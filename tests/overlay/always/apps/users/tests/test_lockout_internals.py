from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.users.lockout import locked_out_response
from apps.users.models import User
from apps.users.services import password_reset_confirm, password_reset_request
from apps.users.tests.factories import PASSWORD, UserFactory, last_email, token_in
from apps.users.tests.test_lockout import HERE, LIMIT, LOCKED, fail, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

THERE = "192.0.2.2"


def test_lock_is_of_one_account_and_one_client(user: User) -> None:
    colleague = UserFactory.create()
    fail(user.email)

    assert post(user.email, ip=THERE).status_code == 200
    assert post(colleague.email).status_code == 200


def test_lock_of_the_admin_is_explained_and_is_of_one_client(client: Client) -> None:
    staff = UserFactory.create(is_staff=True)
    login, form = reverse("admin:login"), {"username": staff.email, "password": PASSWORD}
    fail(staff.email)

    response = client.post(login, form, REMOTE_ADDR=HERE)

    assert "Too many failed sign-ins" in response.content.decode()
    assert client.post(login, form, REMOTE_ADDR=THERE).status_code == 302


@pytest.mark.parametrize("ip", ["", "unknown", "unix:"])
def test_client_without_an_ip_address_is_locked(user: User, ip: str) -> None:
    statuses = [post(user.email, "wrong", ip).status_code for _ in range(LIMIT)]

    assert statuses == LOCKED


def test_log_has_neither_the_email_address_nor_the_ip_address(user: User, caplog: pytest.LogCaptureFixture) -> None:
    fail(user.email)

    assert "sign_in_locked_out" in caplog.text
    assert user.email not in caplog.text
    assert HERE not in caplog.text


def test_retry_after_is_the_same_for_both_orders_of_arguments_of_django_axes(user: User) -> None:
    fail(user.email)
    request, credentials = RequestFactory().post("/api/v1/auth/token/", REMOTE_ADDR=HERE), {"email": user.email}

    under_wsgi = locked_out_response(request, object(), credentials)
    # https://github.com/jazzband/django-axes/pull/1494
    under_asgi = locked_out_response(request, credentials, None)

    assert abs(int(under_wsgi["Retry-After"]) - int(under_asgi["Retry-After"])) <= 1


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
    settings.NUM_PROXIES = 1
    headers = [{"X-Forwarded-For": f"198.51.100.{number}, {HERE}"} for number in range(LIMIT)]

    assert [post(user.email, "wrong", **header).status_code for header in headers] == LOCKED
    assert post(user.email, **{"X-Forwarded-For": THERE}).status_code == 200


def test_successful_sign_in_resets_the_failures(user: User) -> None:
    fail(user.email, times=LIMIT - 1)
    post(user.email)

    assert fail(user.email, times=LIMIT - 1) == [401] * (LIMIT - 1)


def test_password_reset_ends_the_lock(user: User) -> None:
    fail(user.email)
    password_reset_request(email=user.email)
    password_reset_confirm(token=token_in(last_email()), new_password="another long password")

    assert post(user.email, "another long password").status_code == 200


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
