"""Every endpoint, from the tables of the apps: permissions, and the number of queries."""

from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from apps.users.models import User
from apps.users.roles import Role
from apps.users.services import role_assign
from apps.users.sessions import session_start
from apps.users.tests.factories import UserFactory
from tests.endpoint import Caller, Endpoint


def tables() -> list[Endpoint]:
    """Return the rows of every app of the project."""
    names = [f"{config.name}.tests.endpoints" for config in apps.get_app_configs() if config.name.startswith("apps.")]
    return [row for name in names if find_spec(name) for row in import_module(name).ENDPOINTS]


ENDPOINTS = tables()

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.name for endpoint in ENDPOINTS])


def client_of(caller: Caller, owner: User) -> APIClient:
    """Return a client with the access token of a caller."""
    client = APIClient()
    if caller is not Caller.ANONYMOUS:
        user = owner if caller is Caller.OWNER else UserFactory.create(is_staff=caller is Caller.STAFF)
        if caller is Caller.MANAGER:
            role_assign(user=user, role=Role.MANAGER)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {session_start(user=user)['access']}")
    return client


def operations() -> dict[str, dict[str, object]]:
    """Return the operations of the OpenAPI document, by method and path."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]  # type: ignore[no-untyped-call]
    return {f"{method.upper()} {path}": paths[path][method] for path in paths for method in paths[path]}


def test_every_operation_has_a_summary() -> None:
    missing = [name for name, operation in operations().items() if not operation.get("summary")]

    assert not missing, f"without a docstring or `@extend_schema(summary=...)`: {missing}"


def test_every_operation_has_a_row() -> None:
    names, rows = set(operations()), [endpoint.name for endpoint in ENDPOINTS]

    # In the message, because pytest shortens what it compares.
    assert not names - set(rows), f"without a row in the endpoints.py of their app: {names - set(rows)}"
    assert not set(rows) - names, f"rows without an operation: {set(rows) - names}"
    assert len(rows) == len(set(rows))


@pytest.mark.django_db
@each_endpoint
@pytest.mark.parametrize("caller", Caller, ids=[caller.value for caller in Caller])
def test_caller_gets_the_status_in_the_table(endpoint: Endpoint, caller: Caller) -> None:
    owner = UserFactory.create()
    call = endpoint.prepare(owner, 1)

    response = endpoint.call(client_of(caller, owner), call)

    assert response.status_code == endpoint.statuses[caller]
    if response.status_code == 401:
        assert "WWW-Authenticate" in response
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@each_endpoint
@pytest.mark.parametrize("rows", [1, 20])
def test_number_of_queries_does_not_depend_on_the_number_of_rows(endpoint: Endpoint, rows: int) -> None:
    owner = UserFactory.create()
    call, client = endpoint.prepare(owner, rows), client_of(Caller.OWNER, owner)

    with CaptureQueriesContext(connection) as captured:
        response = endpoint.call(client, call)

    assert response.status_code == endpoint.statuses[Caller.OWNER]
    queries = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(queries) == endpoint.queries, "\n".join(queries)
