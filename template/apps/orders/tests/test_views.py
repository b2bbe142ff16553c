from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.core.models import generate_id
from apps.orders.models import Order
from apps.orders.serializers import MAX_ITEMS, MAX_QUANTITY
from apps.orders.services import order_pay
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory, OrderItemFactory
from apps.orders.tests.products import product
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from tests.concurrency import run_in_parallel

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]

ORDERS = "/api/v1/orders/"


def new_order(quantity: int = 1) -> dict[str, Any]:
    """Return a request for a new product."""
    return {"items": [{"product_id": str(product()), "quantity": quantity}]}


def test_order_is_placed_and_shown(signed_in: APIClient) -> None:
    body = new_order(quantity=2) | {"notes": "Ring twice"}

    response = signed_in.post(ORDERS, body)

    assert response.status_code == 201
    order = response.json()
    [item] = order["items"]
    assert order == {
        "id": order["id"],
        "status": "pending",
        "amount": "24.00",
        "item_count": 2,
        "items": [item],
        "notes": "Ring twice",
        "created_at": order["created_at"],
        "updated_at": order["updated_at"],
    }
    assert item == {
        **body["items"][0],
        "sku": item["sku"],
        "name": item["name"],
        "unit_price": "12.00",
    }
    assert signed_in.get(f"{ORDERS}{order['id']}/").json() == order
    assert signed_in.get(ORDERS).json() == {
        "next": None,
        "previous": None,
        "results": [{name: order[name] for name in ("id", "status", "amount", "item_count", "created_at")}],
    }


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([], "#/items"),
        ("lamp", "#/items"),
        ([{"quantity": 1}], "#/items/0/product_id"),
        ([{"product_id": "lamp", "quantity": 1}], "#/items/0/product_id"),
        ([{"product_id": str(generate_id()), "quantity": 0}], "#/items/0/quantity"),
        ([{"product_id": str(generate_id()), "quantity": MAX_QUANTITY + 1}], "#/items/0/quantity"),
        ([{"product_id": str(generate_id()), "quantity": 1.5}], "#/items/0/quantity"),
        ([{"product_id": str(generate_id()), "quantity": 1}] * (MAX_ITEMS + 1), "#/items"),
    ],
)
def test_invalid_item_is_named(signed_in: APIClient, items: object, pointer: str) -> None:
    response = signed_in.post(ORDERS, {"items": items})

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_retried_request_gets_the_first_response(signed_in: APIClient) -> None:
    body, headers = new_order(), {"Idempotency-Key": str(uuid4())}

    first = signed_in.post(ORDERS, body, headers=headers)
    order_pay(order=Order.objects.get())
    again = signed_in.post(ORDERS, body, headers=headers)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert [first.get("Idempotent-Replayed"), again.get("Idempotent-Replayed")] == [None, "true"]
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_requests_with_one_key_place_one_order(rates: dict[str, str]) -> None:
    user, body = UserFactory.create(), new_order()

    def place() -> tuple[int, str, str | None]:
        client = APIClient()
        client.force_authenticate(user)
        response = client.post(ORDERS, body, headers={"Idempotency-Key": "key"})
        return response.status_code, response.json()["id"], response.get("Idempotent-Replayed")

    responses = run_in_parallel(*[place] * 20)

    [order_id] = Order.objects.values_list("pk", flat=True)
    expected = [(201, str(order_id), None)] + [(201, str(order_id), "true")] * 19
    assert sorted(responses, key=str) == sorted(expected, key=str)


def test_key_of_another_request_is_refused(signed_in: APIClient) -> None:
    headers = {"Idempotency-Key": "key"}
    signed_in.post(ORDERS, new_order(), headers=headers)

    response = signed_in.post(ORDERS, new_order(), headers=headers)

    assert response.status_code == 422
    assert response.json()["type"] == "urn:problem:idempotency-key-reused"
    assert Order.objects.count() == 1


def test_invalid_key_is_a_bad_request(signed_in: APIClient) -> None:
    response = signed_in.post(ORDERS, new_order(), headers={"Idempotency-Key": "a" * 256})

    assert response.status_code == 400
    assert response.json()["type"] == "urn:problem:idempotency-key-invalid"


def test_order_is_cancelled_once(signed_in: APIClient, user: User) -> None:
    order = OrderFactory.create(customer=user)
    OrderItemFactory.create(order=order, product_id=product())

    cancelled = signed_in.post(f"{ORDERS}{order.pk}/cancel/")
    again = signed_in.post(f"{ORDERS}{order.pk}/cancel/")

    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    assert len(cancelled.json()["items"]) == 1
    assert again.status_code == 409
    assert again.json()["type"] == "urn:problem:order-state"


def test_orders_of_other_users_are_not_found(signed_in: APIClient) -> None:
    order = OrderFactory.create()

    assert signed_in.get(ORDERS).json()["results"] == []
    assert signed_in.get(f"{ORDERS}{order.pk}/").status_code == 404
    assert signed_in.post(f"{ORDERS}{order.pk}/cancel/").status_code == 404
    order.refresh_from_db()
    assert order.status == Status.PENDING


def test_orders_are_filtered(signed_in: APIClient, user: User) -> None:
    now = timezone.now()
    old = OrderFactory.create(customer=user, status=Status.PAID, created_at=now - timedelta(days=2))
    new = OrderFactory.create(customer=user, created_at=now)
    item = OrderItemFactory.create(order=new)

    def found(**query: str) -> list[str]:
        return [order["id"] for order in signed_in.get(ORDERS, query).json()["results"]]

    assert found() == [str(new.pk), str(old.pk)]
    assert found(status="paid") == [str(old.pk)]
    assert found(created_after=(now - timedelta(days=1)).isoformat()) == [str(new.pk)]
    assert found(created_before=(now - timedelta(days=1)).isoformat()) == [str(old.pk)]
    assert found(product_id=str(item.product_id)) == [str(new.pk)]


def test_pages_follow_each_other_newest_first(signed_in: APIClient, user: User) -> None:
    orders = OrderFactory.create_batch(7, customer=user)

    pages, link = [], f"{ORDERS}?page_size=3"
    while link:
        page = signed_in.get(link).json()
        pages.append([order["id"] for order in page["results"]])
        link = page["next"]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [order_id for page in pages for order_id in page] == [str(order.pk) for order in orders[::-1]]


def test_summary_is_of_the_caller(signed_in: APIClient, user: User) -> None:
    OrderFactory.create(customer=user, status=Status.PAID)
    other = APIClient()
    other.force_authenticate(UserFactory.create())

    summaries = [client.get(f"{ORDERS}summary/").json() for client in (signed_in, other)]

    assert [summary["order_count"] for summary in summaries] == [1, 0]
    assert [summaries[0][name] for name in ("paid", "tier")] == ["12.00", "bronze"]
