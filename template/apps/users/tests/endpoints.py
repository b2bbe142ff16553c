"""The endpoints of accounts: who may call them, and what a call costs. Walked by `tests/test_endpoints.py`."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

from django.contrib.auth.models import Group

from apps.users.links import password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.sessions import session_start
from apps.users.tests.factories import PASSWORD
from apps.users.tests.mailbox import token_of
from tests.endpoint import Call, Endpoint, everybody, signed_in

NEW_ADDRESS = "new@example.com"
NEW_PASSWORD = "another long password"


def sends(body: Callable[[User], object]) -> Callable[[User, int], Call]:
    """Return what prepares a call with a body: its owner has as much of everything as it is told."""

    def prepare(owner: User, rows: int) -> Call:
        for _ in range(rows):
            session_start(user=owner)
        owner.groups.add(*Group.objects.bulk_create([Group(name=uuid4().hex) for _ in range(rows)]))
        Registration.objects.bulk_create([Registration(email=NEW_ADDRESS, password="hash") for _ in range(rows)])
        return Call(body=body(owner))

    return prepare


no_body = sends(lambda _: None)
address = sends(lambda _: {"email": NEW_ADDRESS})
credentials = sends(lambda owner: {"email": owner.email, "password": PASSWORD})
registration = sends(lambda _: {"token": token_of(registration_link(Registration.objects.earliest("id")))})
refresh = sends(lambda owner: {"refresh": session_start(user=owner)["refresh"]})
all_devices = sends(lambda owner: {"refresh": session_start(user=owner)["refresh"], "all_devices": True})
change = sends(lambda _: {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
reset = sends(lambda owner: {"token": token_of(password_reset_link(owner)), "new_password": NEW_PASSWORD})
name = sends(lambda _: {"first_name": "Grace"})

ENDPOINTS = [
    Endpoint("POST", "/api/v1/auth/register/", everybody(HTTPStatus.ACCEPTED), 3, credentials),
    Endpoint("POST", "/api/v1/auth/email/verify/", everybody(HTTPStatus.NO_CONTENT), 4, registration),
    Endpoint("POST", "/api/v1/auth/email/verify/resend/", everybody(HTTPStatus.ACCEPTED), 3, address),
    Endpoint("POST", "/api/v1/auth/token/", everybody(HTTPStatus.OK), 6, credentials),
    Endpoint("POST", "/api/v1/auth/token/refresh/", everybody(HTTPStatus.OK), 5, refresh),
    Endpoint("POST", "/api/v1/auth/logout/", everybody(HTTPStatus.NO_CONTENT), 6, all_devices),
    Endpoint("POST", "/api/v1/auth/password/change/", signed_in(HTTPStatus.OK), 7, change),
    Endpoint("POST", "/api/v1/auth/password/reset/", everybody(HTTPStatus.ACCEPTED), 2, address),
    Endpoint("POST", "/api/v1/auth/password/reset/confirm/", everybody(HTTPStatus.NO_CONTENT), 6, reset),
    Endpoint("GET", "/api/v1/users/me/", signed_in(HTTPStatus.OK), 2, no_body),
    Endpoint("PATCH", "/api/v1/users/me/", signed_in(HTTPStatus.OK), 4, name),
    Endpoint("DELETE", "/api/v1/users/me/", signed_in(HTTPStatus.NO_CONTENT), 7, no_body),
]
