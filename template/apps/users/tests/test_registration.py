from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.users.links import InvalidLinkError, registration_link
from apps.users.models import Registration, User
from apps.users.services import clear_expired, registration_confirm, registration_create, registration_remind
from apps.users.tests.factories import PASSWORD, UserFactory
from apps.users.tests.mailbox import last_mail, token_in, token_of
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db

REGISTER = "/api/v1/auth/register/"
VERIFY = "/api/v1/auth/email/verify/"
RESEND = "/api/v1/auth/email/verify/resend/"
TOKEN = "/api/v1/auth/token/"


def test_registering_confirming_and_signing_in(api_client: APIClient) -> None:
    credentials = {"email": "Ada@Example.com", "password": PASSWORD}
    assert api_client.post(REGISTER, credentials).status_code == 202
    assert api_client.post(TOKEN, credentials).status_code == 401
    assert not User.objects.exists()

    assert api_client.post(VERIFY, {"token": token_in(last_mail())}).status_code == 204

    assert User.objects.get().email == "ada@example.com"
    with zeal_ignore():
        assert api_client.post(TOKEN, credentials).status_code == 200


@pytest.mark.parametrize("password", ["short", "1234567890", "password1234567890"[:10], "ada@example.com"])
def test_a_weak_password_is_refused_and_the_field_named(api_client: APIClient, password: str) -> None:
    answer = api_client.post(REGISTER, {"email": "ada@example.com", "password": password})

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/password"}
    assert not Registration.objects.exists()


def test_the_spaces_of_a_password_belong_to_it(api_client: APIClient) -> None:
    api_client.post(REGISTER, {"email": "ada@example.com", "password": f" {PASSWORD} "})
    registration_confirm(token=token_in(last_mail()))

    assert User.objects.get().check_password(f" {PASSWORD} ")


def test_an_address_that_has_an_account_gets_a_mail_that_says_so_and_keeps_its_password(user: User) -> None:
    registration_create(email=user.email, password="another password of mine")

    mail = last_mail()
    assert mail.subject.startswith("You have an account")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    with pytest.raises(InvalidLinkError):
        registration_confirm(token=token_in(mail))


def test_each_link_makes_the_account_with_the_password_it_was_sent_for() -> None:
    registration_create(email="ada@example.com", password="the password of ada")
    of_ada = token_in(last_mail())
    registration_create(email="ada@example.com", password="what a stranger chose")

    user = registration_confirm(token=of_ada)

    assert user.check_password("the password of ada")


def test_a_confirmed_address_ends_every_other_registration_of_it() -> None:
    registration_create(email="ada@example.com", password="what a stranger chose")
    of_stranger = token_in(last_mail())
    registration_create(email="ada@example.com", password="the password of ada")
    registration_confirm(token=token_in(last_mail()))

    with pytest.raises(InvalidLinkError):
        registration_confirm(token=of_stranger)
    assert User.objects.get().check_password("the password of ada")


def test_a_link_to_an_address_that_got_an_account_meanwhile_makes_none() -> None:
    registration_create(email="ada@example.com", password=PASSWORD)
    UserFactory.create(email="ada@example.com")

    with pytest.raises(InvalidLinkError):
        registration_confirm(token=token_in(last_mail()))


def test_the_link_is_mailed_again(api_client: APIClient) -> None:
    api_client.post(REGISTER, {"email": "ada@example.com", "password": PASSWORD})
    with time_machine.travel(timezone.now() + timedelta(hours=23)):
        assert api_client.post(RESEND, {"email": "ADA@example.com"}).status_code == 202

    with time_machine.travel(timezone.now() + timedelta(hours=46)):
        assert api_client.post(VERIFY, {"token": token_in(last_mail())}).status_code == 204


@pytest.mark.parametrize("registrations", [0, 2])
def test_where_nobody_knows_which_link_is_meant_none_is_mailed(registrations: int) -> None:
    for number in range(registrations):
        registration_create(email="ada@example.com", password=f"password number {number}")

    registration_remind(email="ada@example.com")

    assert last_mail().subject.startswith("Register again")


def test_an_account_is_reminded_that_it_exists(user: User) -> None:
    registration_remind(email=user.email)

    assert last_mail().subject.startswith("You have an account")


def test_registrations_that_nobody_confirmed_are_cleared() -> None:
    with time_machine.travel(timezone.now() - timedelta(days=2, seconds=1)):
        registration_create(email="ada@example.com", password=PASSWORD)
    registration_create(email="grace@example.com", password=PASSWORD)

    clear_expired()

    assert [str(registration) for registration in Registration.objects.all()] == ["grace@example.com"]


def test_a_failing_registration_leaves_nothing_behind() -> None:
    with pytest.raises(ValidationError):
        registration_create(email="ada@example.com", password="ada@example.com")

    assert not Registration.objects.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_eight_links_of_one_address_used_at_once_one_makes_the_account() -> None:
    registrations = [Registration.objects.create(email="ada@example.com", password="hash") for _ in range(8)]
    tokens = [token_of(registration_link(registration)) for registration in registrations]

    results = at_once(*[partial(registration_confirm, token=token) for token in tokens])

    assert sum(isinstance(result, User) for result in results) == 1
    assert sum(isinstance(result, InvalidLinkError) for result in results) == 7
    assert not Registration.objects.exists()


def test_no_one_signs_in_to_what_is_not_confirmed() -> None:
    registration_create(email="ada@example.com", password=PASSWORD)

    assert authenticate(RequestFactory().post(TOKEN), email="ada@example.com", password=PASSWORD) is None
