from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

LIMIT = settings.AXES_FAILURE_LIMIT
LOCKED = [401] * (LIMIT - 1) + [429]
HERE = "192.0.2.1"


def post(email: str, password: str = PASSWORD, ip: str = HERE, **headers: str) -> Any:
    body = {"email": email, "password": password}
    return APIClient().post("/api/v1/auth/token/", body, REMOTE_ADDR=ip, headers=headers)


def fail(email: str, times: int = LIMIT) -> list[int]:
    return [post(email, "wrong").status_code for _ in range(times)]


def test_failed_sign_ins_lock_the_account(user: User) -> None:
    assert fail(user.email) == LOCKED

    response = post(user.email)  # with the right password
    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:problem:locked-out"


def test_admin_login_and_api_share_the_lock(client: Client) -> None:
    staff = UserFactory.create(is_staff=True)
    login = reverse("admin:login")
    fail(staff.email, times=LIMIT - 1)
    form = {"username": staff.email.upper(), "password": "wrong"}

    response = client.post(login, form, REMOTE_ADDR=HERE)

    assert response.status_code == 429
    assert response["Retry-After"]
    assert client.post(login, {**form, "password": PASSWORD}, REMOTE_ADDR=HERE).status_code == 429
