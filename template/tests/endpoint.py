"""How an endpoint is described in the table of an app: `apps/<app>/tests/endpoints.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.test import APIClient

from apps.users.models import User


class Caller(Enum):
    """Who calls. The owner owns what the row sets up; the others own nothing of it."""

    ANONYMOUS = "anonymous"
    OWNER = "owner"
    OTHER = "other"
    MANAGER = "manager"
    STAFF = "staff"


Statuses = Mapping[Caller, HTTPStatus]


def everybody(status: HTTPStatus) -> Statuses:
    """Return what an open endpoint answers."""
    return dict.fromkeys(Caller, status)


def signed_in(status: HTTPStatus, **others: HTTPStatus) -> Statuses:
    """Return what an endpoint answers to users, and to the callers named, who get something else."""
    named = {Caller[name.upper()]: other for name, other in others.items()}
    return {**everybody(status), Caller.ANONYMOUS: HTTPStatus.UNAUTHORIZED, **named}


@dataclass(frozen=True)
class Call:
    """One request: what fills the braces of the path, and the body."""

    path: Mapping[str, object] = field(default_factory=dict)
    body: object = None


def nothing(_owner: User, _rows: int) -> Call:
    """Set up nothing, and send nothing."""
    return Call()


@dataclass(frozen=True)
class Endpoint:
    """A row of the table.

    Attributes:
        method: `GET`, for example.
        path: As the OpenAPI document has it.
        statuses: What each caller gets.
        queries: How many queries it takes to answer the owner, signing in included, however many rows there are.
        prepare: Makes as many rows as it is told, of an owner, and returns the call.
    """

    method: str
    path: str
    statuses: Statuses
    queries: int
    prepare: Callable[[User, int], Call] = nothing

    @property
    def name(self) -> str:
        """What the OpenAPI document calls it."""
        return f"{self.method} {self.path}"

    def call(self, client: APIClient, call: Call) -> HttpResponse:
        """Send the request, and return the response."""
        send = getattr(client, self.method.lower())
        response: HttpResponse = send(self.path.format(**call.path), call.body)
        return response
