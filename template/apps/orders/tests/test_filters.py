import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.orders.tests.factories import OrderFactory
from apps.users.models import User

pytestmark = pytest.mark.django_db

ORDERS = "/api/v1/orders/"


@pytest.mark.parametrize(
    ("time", "status"),
    [
        ("2026-01-31T12:00:00Z", 200),
        ("2026-01-31", 200),
        # PostgreSQL does not accept this offset.
        ("2026-01-31T12:00:00+17:17", 200),
        # Out of the range of Python or PostgreSQL, after conversion to UTC.
        ("0001-01-01T00:00:00+14:00", 400),
        ("9999-12-31T23:59:59-14:00", 400),
        ("0000-01-01T00:00:00Z", 400),
        ("10000-01-01T00:00:00Z", 400),
        ("yesterday", 400),
    ],
)
def test_time_is_accepted_or_refused(signed_in: APIClient, settings: Settings, time: str, status: int) -> None:
    settings.TIME_ZONE = "UTC"

    statuses = [signed_in.get(ORDERS, {name: time}).status_code for name in ("created_after", "created_before")]

    assert statuses == [status, status]


@pytest.mark.parametrize("query", [{"status": "lost"}, {"created_after": "soon"}, {"product_id": "lamp"}])
def test_invalid_parameter_is_named(query: dict[str, str], signed_in: APIClient) -> None:
    response = signed_in.get(ORDERS, query)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [f"#/{name}" for name in query]


@pytest.mark.parametrize("query", ["status=paid", "status=lost", "created_after=2999-01-01T00:00:00Z"])
def test_filters_do_not_apply_to_a_single_order(query: str, signed_in: APIClient, user: User) -> None:
    path = f"{ORDERS}{OrderFactory.create(customer=user).pk}/"

    responses = [signed_in.get(f"{path}?{query}"), signed_in.post(f"{path}cancel/?{query}")]

    assert [response.status_code for response in responses] == [200, 200]
