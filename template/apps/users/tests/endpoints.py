"""The account endpoints: who may call them, and how many queries a call takes. Checked by `tests/test_endpoints.py`."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

from django.contrib.auth.models import Group

from apps.users.email_tokens import password_reset_link, registration_link
from apps.users.models import Registration, User
from apps.users.sessions import session_start
from apps.users.tests.factories import NEW_PASSWORD, PASSWORD, token_of
from tests.endpoint import Call, Endpoint, everybody, signed_in

NEW_ADDRESS = "new@example.com"


def with_body(body: Callable[[User], object]) -> Callable[[User, int], Call]:
    """Return a function that creates rows of every kind for a user, and prepares a call with a body."""

    def prepare(owner: User, rows: int) -> Call:
        for _ in range(rows):
            session_start(user=owner)
        owner.groups.add(*Group.objects.bulk_create([Group(name=uuid4().hex) for _ in range(rows)]))
        Registration.objects.bulk_create([Registration(email=NEW_ADDRESS, password="hash") for _ in range(rows)])
        return Call(body=body(owner))

    return prepare


no_body = with_body(lambda _: None)
address = with_body(lambda _: {"email": NEW_ADDRESS})
credentials = with_body(lambda owner: {"email": owner.email, "password": PASSWORD})
registration = with_body(lambda _: {"token": token_of(registration_link(Registration.objects.earliest("id")))})
refresh = with_body(lambda owner: {"refresh": session_start(user=owner)["refresh"]})
all_devices = with_body(lambda owner: {"refresh": session_start(user=owner)["refresh"], "all_devices": True})
change = with_body(lambda _: {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
reset = with_body(lambda owner: {"token": token_of(password_reset_link(owner)), "new_password": NEW_PASSWORD})
name = with_body(lambda _: {"first_name": "Grace"})

ENDPOINTS = [
    Endpoint("POST", "/api/v1/auth/register/", everybody(HTTPStatus.ACCEPTED), 3, credentials),
    Endpoint("POST", "/api/v1/auth/email/verify/", everybody(HTTPStatus.NO_CONTENT), 4, registration),
    Endpoint("POST", "/api/v1/auth/email/verify/resend/", everybody(HTTPStatus.ACCEPTED), 3, address),
    Endpoint("POST", "/api/v1/auth/token/", everybody(HTTPStatus.OK), 6, credentials),
    Endpoint("POST", "/api/v1/auth/token/refresh/", everybody(HTTPStatus.OK), 3, refresh),
    Endpoint("POST", "/api/v1/auth/logout/", everybody(HTTPStatus.NO_CONTENT), 4, all_devices),
    Endpoint("POST", "/api/v1/auth/password/change/", signed_in(HTTPStatus.OK), 6, change),
    Endpoint("POST", "/api/v1/auth/password/reset/", everybody(HTTPStatus.ACCEPTED), 2, address),
    Endpoint("POST", "/api/v1/auth/password/reset/confirm/", everybody(HTTPStatus.NO_CONTENT), 5, reset),
    Endpoint("GET", "/api/v1/users/me/", signed_in(HTTPStatus.OK), 1, no_body),
    Endpoint("PATCH", "/api/v1/users/me/", signed_in(HTTPStatus.OK), 4, name),
    Endpoint("DELETE", "/api/v1/users/me/", signed_in(HTTPStatus.NO_CONTENT), 8, no_body),
]
