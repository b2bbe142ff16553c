"""Responses must not reveal whether an email address has an account."""

from typing import Any

import pytest
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.users.services import registration_create, user_delete
from apps.users.tests.factories import PASSWORD, UserFactory, last_email

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

REGISTER = "/api/v1/auth/register/"
RESEND = "/api/v1/auth/email/verify/resend/"
RESET = "/api/v1/auth/password/reset/"
TOKEN = "/api/v1/auth/token/"

STATES = ["unknown", "known", "inactive", "deleted", "pending"]


def email_in(state: str) -> str:
    """Return an email address whose account is in a state."""
    email = f"{state}@example.com"
    if state == "pending":
        registration_create(email=email, password=PASSWORD)
    elif state != "unknown":
        user = UserFactory.create(email=email, is_active=state != "inactive")
        if state == "deleted":
            user_delete(user=user)
    return email


def response_to(path: str, email: str, password: str) -> dict[str, Any]:
    """Return everything that a client sees of a response."""
    with zeal_ignore():
        response = APIClient().post(path, {"email": email, "password": password})
    body = response.json()
    body.pop("request_id", None)
    headers = {name: value for name, value in response.items() if name != "X-Request-ID"}
    return {"status": response.status_code, "headers": headers, "body": body}


@pytest.mark.parametrize("path", [REGISTER, RESEND, RESET, TOKEN])
def test_response_is_the_same_for_every_address(path: str) -> None:
    responses = {state: response_to(path, email_in(state), "not the password") for state in STATES}

    assert all(response == responses["unknown"] for response in responses.values()), responses


@pytest.mark.parametrize("path", [REGISTER, RESEND, RESET])
def test_every_address_gets_an_email(path: str) -> None:
    for state in STATES:
        email = email_in(state)
        response_to(path, email, PASSWORD)
        assert last_email().recipient == email
