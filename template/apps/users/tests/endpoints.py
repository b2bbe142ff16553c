"""The endpoints of accounts: who may call them, and what a call costs. Walked by `tests/test_endpoints.py`."""

from http import HTTPStatus
from uuid import uuid4

from django.contrib.auth.models import Group

from apps.users.links import password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD
from apps.users.tests.mailbox import token_of
from tests.endpoint import Call, Endpoint, everybody, signed_in

NEW = "another long password"


def _crowd(owner: User, rows: int) -> None:
    """Give a user as much of everything."""
    for _ in range(rows):
        session_start(user=owner)
    owner.groups.add(*Group.objects.bulk_create([Group(name=uuid4().hex) for _ in range(rows)]))


def _nothing(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    return Call()


def _registrations(rows: int) -> Registration:
    registrations = [Registration(email="new@example.com", password="hash") for _ in range(rows)]
    return Registration.objects.bulk_create(registrations)[0]


def _credentials(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    return Call(body={"email": owner.email, "password": PASSWORD})


def _email(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    _registrations(rows)
    return Call(body={"email": "new@example.com"})


def _registration_link(_owner: User, rows: int) -> Call:
    return Call(body={"token": token_of(registration_link(_registrations(rows)))})


def _refresh(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    return Call(body={"refresh": session_start(user=owner)["refresh"]})


def _refresh_of_all(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    return Call(body={"refresh": session_start(user=owner)["refresh"], "all_devices": True})


def _new_password(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    return Call(body={"current_password": PASSWORD, "new_password": NEW})


def _reset_link(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    return Call(body={"token": token_of(password_reset_link(owner)), "new_password": NEW})


def _name(owner: User, rows: int) -> Call:
    _crowd(owner, rows)
    return Call(body={"first_name": "Grace"})


ENDPOINTS = [
    Endpoint("POST", "/api/v1/auth/register/", everybody(HTTPStatus.ACCEPTED), 3, _credentials),
    Endpoint("POST", "/api/v1/auth/email/verify/", everybody(HTTPStatus.NO_CONTENT), 4, _registration_link),
    Endpoint("POST", "/api/v1/auth/email/verify/resend/", everybody(HTTPStatus.ACCEPTED), 3, _email),
    Endpoint("POST", "/api/v1/auth/token/", everybody(HTTPStatus.OK), 6, _credentials),
    Endpoint("POST", "/api/v1/auth/token/refresh/", everybody(HTTPStatus.OK), 5, _refresh),
    Endpoint("POST", "/api/v1/auth/logout/", everybody(HTTPStatus.NO_CONTENT), 6, _refresh_of_all),
    Endpoint("POST", "/api/v1/auth/password/change/", signed_in(HTTPStatus.OK), 7, _new_password),
    Endpoint("POST", "/api/v1/auth/password/reset/", everybody(HTTPStatus.ACCEPTED), 2, _email),
    Endpoint("POST", "/api/v1/auth/password/reset/confirm/", everybody(HTTPStatus.NO_CONTENT), 6, _reset_link),
    Endpoint("GET", "/api/v1/users/me/", signed_in(HTTPStatus.OK), 2, _nothing),
    Endpoint("PATCH", "/api/v1/users/me/", signed_in(HTTPStatus.OK), 4, _name),
    Endpoint("DELETE", "/api/v1/users/me/", signed_in(HTTPStatus.NO_CONTENT), 7, _nothing),
]
