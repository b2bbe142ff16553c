from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.mail.models import OutboxEmail
from apps.users.email_tokens import InvalidLinkError
from apps.users.models import Registration, User
from apps.users.serializers import PASSWORD_MAX_LENGTH
from apps.users.services import registration_confirm, registration_create
from apps.users.tests.factories import PASSWORD, last_email, token_in

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"
REGISTER = "/api/v1/auth/register/"
VERIFY = "/api/v1/auth/email/verify/"
RESEND = "/api/v1/auth/email/verify/resend/"
TOKEN = "/api/v1/auth/token/"


def test_register_confirm_and_sign_in(api_client: APIClient) -> None:
    credentials = {"email": "Ada@Example.com", "password": f" {PASSWORD} "}
    assert api_client.post(REGISTER, credentials).status_code == 202
    assert api_client.post(TOKEN, credentials).status_code == 401
    assert not User.objects.exists()

    assert api_client.post(VERIFY, {"token": token_in(last_email())}).status_code == 204

    assert User.objects.get().email == EMAIL
    with zeal_ignore():
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
    registration_create(email=user.email, password="another password of mine")

    assert last_email().subject.startswith("You already have an account")
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
