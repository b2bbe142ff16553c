"""The rows of the endpoint tables in `apps/<app>/tests/endpoints.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.test import APIClient

from apps.users.models import User


class Caller(Enum):
    """Who sends the request. The owner owns the rows that `prepare` creates; the others own none of them."""

    ANONYMOUS = "anonymous"
    OWNER = "owner"
    OTHER = "other"
    MANAGER = "manager"
    STAFF = "staff"


Statuses = Mapping[Caller, HTTPStatus]


def everybody(status: HTTPStatus) -> Statuses:
    """Return one status for every caller."""
    return dict.fromkeys(Caller, status)


def signed_in(status: HTTPStatus, **others: HTTPStatus) -> Statuses:
    """Return 401 for anonymous callers, the given statuses for the callers named, and one status for the rest."""
    named = {Caller[name.upper()]: other for name, other in others.items()}
    return {**everybody(status), Caller.ANONYMOUS: HTTPStatus.UNAUTHORIZED, **named}


@dataclass(frozen=True)
class Call:
    """One request: the parameters of the path, and the body."""

    path: Mapping[str, object] = field(default_factory=dict)
    body: object = None


def nothing(_owner: User, _rows: int) -> Call:
    """Create nothing, and return a request without a body."""
    return Call()


@dataclass(frozen=True)
class Endpoint:
    """An operation of the API.

    Attributes:
        method: `GET`, for example.
        path: The path in the OpenAPI document.
        statuses: The status that each caller gets.
        queries: The number of queries of a request by the owner, authentication included, for any number of rows.
        prepare: Creates that many rows of an owner, and returns the request.
    """

    method: str
    path: str
    statuses: Statuses
    queries: int
    prepare: Callable[[User, int], Call] = nothing

    @property
    def name(self) -> str:
        """The operation, as `GET /path/`."""
        return f"{self.method} {self.path}"

    def call(self, client: APIClient, call: Call) -> HttpResponse:
        """Send the request, and return the response."""
        send = getattr(client, self.method.lower())
        response: HttpResponse = send(self.path.format(**call.path), call.body)
        return response
