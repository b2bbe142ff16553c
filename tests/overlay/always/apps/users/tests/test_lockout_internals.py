import pytest
from django.conf import settings
from django.test import RequestFactory
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.users.lockout import locked_out_response
from apps.users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

LOCKED = [401] * (settings.AXES_FAILURE_LIMIT - 1) + [429]


def fail(user: User, ip: str) -> list[int]:
    with zeal_ignore():
        return [
            APIClient()
            .post("/api/v1/auth/token/", {"email": user.email, "password": "wrong"}, REMOTE_ADDR=ip)
            .status_code
            for _ in range(settings.AXES_FAILURE_LIMIT)
        ]


@pytest.mark.parametrize("ip", ["", "unknown", "unix:"])
def test_client_without_an_ip_address_is_locked(user: User, ip: str) -> None:
    assert fail(user, ip) == LOCKED


def test_log_has_neither_the_email_address_nor_the_ip_address(user: User, caplog: pytest.LogCaptureFixture) -> None:
    fail(user, "192.0.2.1")

    assert "sign_in_locked_out" in caplog.text
    assert user.email not in caplog.text
    assert "192.0.2.1" not in caplog.text


def test_retry_after_is_the_same_for_both_orders_of_arguments_of_django_axes(user: User) -> None:
    fail(user, "192.0.2.1")
    request, credentials = RequestFactory().post("/api/v1/auth/token/", REMOTE_ADDR="192.0.2.1"), {"email": user.email}

    under_wsgi = locked_out_response(request, object(), credentials)
    # https://github.com/jazzband/django-axes/pull/1494
    under_asgi = locked_out_response(request, credentials, None)

    assert abs(int(under_wsgi["Retry-After"]) - int(under_asgi["Retry-After"])) <= 1
