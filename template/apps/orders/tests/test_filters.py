import pytest
from django.test import override_settings
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.orders.tests.factories import OrderFactory
from apps.users.models import User

pytestmark = pytest.mark.django_db

ORDERS = "/api/v1/orders/"


# Near the ends of time, with offsets to either side: what is a time there, and what is none.
EDGES = {
    "0001-01-01T00:00:00Z": 200,
    "0001-01-01T00:00:00-14:00": 200,
    "0001-01-01T00:00:00+14:00": 400,
    "0001-01-01T00:00:00": 200,
    "0001-01-01": 200,
    "9999-12-31T23:59:59.999999Z": 200,
    "9999-12-31T23:59:59+14:00": 200,
    "9999-12-31T23:59:59-14:00": 400,
    "9999-12-31T23:59:59": 200,
    "0000-01-01T00:00:00Z": 400,
    "10000-01-01T00:00:00Z": 400,
}


def answers(client: APIClient) -> dict[str, set[int]]:
    """Return what each of them is answered, after it and before it. What has no offset is in the project's time zone."""
    with override_settings(TIME_ZONE="UTC"):
        return {
            time: {client.get(ORDERS, {name: time}).status_code for name in ("created_after", "created_before")}
            for time in EDGES
        }


def test_near_the_ends_of_time_a_time_is_one_or_is_refused(signed_in: APIClient) -> None:
    with zeal_ignore():
        assert answers(signed_in) == {time: {status} for time, status in EDGES.items()}


@pytest.mark.parametrize(
    "query",
    [
        "created_after=0001-01-01T00:00:00%2B14:00",
        "created_after=yesterday",
        "created_before=",
        "product_id=",
        "product_id=1",
        "status=",
        "status=lost",
    ],
)
def test_what_is_no_value_is_refused_by_its_name(query: str, signed_in: APIClient) -> None:
    answer = signed_in.get(f"/api/v1/orders/?{query}")

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{query.partition('=')[0]}"]


def test_a_time_with_an_offset_that_the_database_does_not_know_is_a_time(signed_in: APIClient) -> None:
    assert signed_in.get("/api/v1/orders/?created_before=0898-07-28T04:20:00%2B17:17").status_code == 200


@pytest.mark.parametrize("query", ["status=paid", "status=lost", "created_after=2999-01-01T00:00:00Z"])
def test_what_is_named_by_its_id_is_not_filtered(query: str, signed_in: APIClient, user: User) -> None:
    order = f"/api/v1/orders/{OrderFactory.create(customer=user).pk}/"

    with zeal_ignore():
        answers = [signed_in.get(f"{order}?{query}"), signed_in.post(f"{order}cancel/?{query}")]

    assert [answer.status_code for answer in answers] == [200, 200]
