from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from apps.mail.models import OutboxEmail
from apps.users.email_tokens import InvalidLinkError
from apps.users.models import Registration, User
from apps.users.serializers import PASSWORD_MAX_LENGTH
from apps.users.services import registration_confirm, registration_create, user_delete
from apps.users.tests.factories import NEW_PASSWORD, PASSWORD, UserFactory, last_email, token_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

EMAIL = "ada@example.com"
REGISTER = "/api/v1/auth/register/"
VERIFY = "/api/v1/auth/email/verify/"
RESEND = "/api/v1/auth/email/verify/resend/"
TOKEN = "/api/v1/auth/token/"
RESET = "/api/v1/auth/password/reset/"

# The response must be the same for each of these, so that it does not reveal whether an address has an account.
STATES = ["unknown", "known", "inactive", "deleted", "pending"]


def test_register_confirm_and_sign_in(api_client: APIClient) -> None:
    credentials = {"email": "Ada@Example.com", "password": f" {PASSWORD} "}
    assert api_client.post(REGISTER, credentials).status_code == 202
    assert api_client.post(TOKEN, credentials).status_code == 401
    assert not User.objects.exists()

    assert api_client.post(VERIFY, {"token": token_in(last_email())}).status_code == 204

    assert User.objects.get().email == EMAIL
    assert api_client.post(TOKEN, credentials).status_code == 200
    assert api_client.post(TOKEN, {**credentials, "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize("password", ["short", "1234567890", EMAIL, "x y " * (PASSWORD_MAX_LENGTH // 4) + "z"])
def test_unacceptable_password_is_refused_and_stores_nothing(api_client: APIClient, password: str) -> None:
    response = api_client.post(REGISTER, {"email": EMAIL, "password": password})

    assert response.status_code == 400
    assert {error["pointer"] for error in response.json()["errors"]} == {"#/password"}
    assert not Registration.objects.exists()
    assert not OutboxEmail.objects.exists()


def test_registering_an_existing_account_emails_its_owner_and_changes_nothing(user: User) -> None:
    registration_create(email=user.email, password=NEW_PASSWORD)

    assert last_email().recipient == user.email
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    with pytest.raises(InvalidLinkError):
        registration_confirm(token=token_in(last_email()))


def test_reminder_sends_a_link_that_is_valid_from_then(api_client: APIClient) -> None:
    lifetime, margin = settings.EMAIL_VERIFICATION_TIMEOUT, timedelta(minutes=5)
    api_client.post(REGISTER, {"email": EMAIL, "password": PASSWORD})
    with time_machine.travel(timezone.now() + lifetime - margin):
        assert api_client.post(RESEND, {"email": EMAIL.upper()}).status_code == 202

    with time_machine.travel(timezone.now() + 2 * lifetime - 2 * margin):
        assert api_client.post(VERIFY, {"token": token_in(last_email())}).status_code == 204


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
