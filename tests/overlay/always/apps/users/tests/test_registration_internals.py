from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from apps.users.email_tokens import InvalidLinkError, registration_link
from apps.users.models import Registration, User
from apps.users.services import clear_expired, registration_confirm, registration_create, registration_resend
from apps.users.tests.factories import PASSWORD, UserFactory, last_email, token_in, token_of
from apps.users.tests.test_registration import EMAIL, REGISTER, RESEND, TOKEN
from tests.concurrency import run_in_parallel

pytestmark = pytest.mark.django_db


def test_link_is_invalid_after_the_address_got_an_account() -> None:
    registration_create(email=EMAIL, password=PASSWORD)
    UserFactory.create(email=EMAIL)

    with pytest.raises(InvalidLinkError):
        registration_confirm(token=token_in(last_email()))


def test_owner_of_a_registered_address_is_told_that_there_is_an_account(user: User) -> None:
    registration_create(email=user.email, password=PASSWORD)

    assert last_email().subject.startswith("You already have an account")


def test_clear_expired_deletes_only_expired_registrations() -> None:
    with time_machine.travel(timezone.now() - 2 * settings.EMAIL_VERIFICATION_TIMEOUT - timedelta(seconds=1)):
        registration_create(email=EMAIL, password=PASSWORD)
    registration_create(email="grace@example.com", password=PASSWORD)

    clear_expired()

    assert [str(registration) for registration in Registration.objects.all()] == ["grace@example.com"]


@pytest.mark.django_db(transaction=True)
def test_concurrent_confirmations_of_one_address_create_one_account() -> None:
    registrations = [Registration.objects.create(email=EMAIL, password="hash") for _ in range(8)]
    tokens = [token_of(registration_link(registration)) for registration in registrations]

    results = run_in_parallel(*[partial(registration_confirm, token=token) for token in tokens])

    assert sum(isinstance(result, User) for result in results) == 1
    assert sum(isinstance(result, InvalidLinkError) for result in results) == 7
    assert not Registration.objects.exists()


@pytest.mark.parametrize(
    "email",
    ['"ada"@example.com', "ada@ｅxample.com", "ádá@example.com", "ada@[127.0.0.1]", f"{EMAIL}\nBcc: x@example.com"],
)
@pytest.mark.parametrize("path", [REGISTER, RESEND, "/api/v1/auth/password/reset/", TOKEN])
def test_email_address_with_several_spellings_is_refused(api_client: APIClient, path: str, email: str) -> None:
    response = api_client.post(path, {"email": email, "password": PASSWORD})

    assert response.status_code == 400
    assert {error["pointer"] for error in response.json()["errors"]} == {"#/email"}


@pytest.mark.parametrize("email", ["ada+tag@example.com", "o'hara@example.co.uk", "a.b-c_d@xn--bcher-kva.example"])
def test_common_email_address_is_accepted(api_client: APIClient, email: str) -> None:
    assert api_client.post(REGISTER, {"email": email, "password": PASSWORD}).status_code == 202


def test_link_confirms_its_own_registration_and_ends_the_others() -> None:
    registration_create(email=EMAIL, password="the password of ada")
    token = token_in(last_email())
    registration_create(email=EMAIL, password="the password of a stranger")
    token_of_stranger = token_in(last_email())

    assert registration_confirm(token=token).check_password("the password of ada")

    with pytest.raises(InvalidLinkError):
        registration_confirm(token=token_of_stranger)


@pytest.mark.parametrize("registrations", [0, 2])
def test_reminder_asks_to_register_again_unless_one_registration_is_pending(registrations: int) -> None:
    for number in range(registrations):
        registration_create(email=EMAIL, password=f"password number {number}")

    registration_resend(email=EMAIL)

    assert last_email().subject.startswith("Register again")
