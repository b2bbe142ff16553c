from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.core.ids import generate_id
from apps.orders.models import Order
from apps.orders.services import order_pay
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory, OrderItemFactory
from apps.orders.tests.goods import goods
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from tests.concurrency import at_once, impatient

pytestmark = pytest.mark.django_db

ORDERS = "/api/v1/orders/"


def test_an_order_is_placed_and_shown(signed_in: APIClient) -> None:
    lamp = goods(price="10.00")

    placed = signed_in.post(ORDERS, {"items": [{"product_id": str(lamp), "quantity": 2}], "notes": "Ring twice"})

    assert placed.status_code == 201
    body = placed.json()
    [item] = body["items"]
    assert body == {
        "id": body["id"],
        "status": "pending",
        "amount": "24.00",
        "item_count": 2,
        "items": [item],
        "notes": "Ring twice",
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
    }
    assert item == {
        "product_id": str(lamp),
        "sku": item["sku"],
        "name": item["name"],
        "quantity": 2,
        "unit_price": "12.00",
    }
    with zeal_ignore():
        assert signed_in.get(f"{ORDERS}{body['id']}/").json() == body
    assert signed_in.get(ORDERS).json() == {
        "next": None,
        "previous": None,
        "results": [{name: body[name] for name in ("id", "status", "amount", "item_count", "created_at")}],
    }


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([], "#/items"),
        ("lamp", "#/items"),
        ([{"quantity": 1}], "#/items/0/product_id"),
        ([{"product_id": "seven", "quantity": 1}], "#/items/0/product_id"),
        ([{"product_id": str(generate_id()), "quantity": 0}], "#/items/0/quantity"),
        ([{"product_id": str(generate_id()), "quantity": 1001}], "#/items/0/quantity"),
        ([{"product_id": str(generate_id()), "quantity": True}], "#/items/0/quantity"),
        ([{"product_id": str(generate_id()), "quantity": 1.5}], "#/items/0/quantity"),
        ([{"product_id": str(generate_id()), "quantity": 1}] * 101, "#/items"),
    ],
)
def test_a_wrong_line_is_pointed_at(signed_in: APIClient, items: object, pointer: str) -> None:
    answer = signed_in.post(ORDERS, {"items": items})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_an_order_that_is_sent_again_under_its_key_is_not_placed_again(signed_in: APIClient) -> None:
    body = {"items": [{"product_id": str(goods()), "quantity": 1}]}
    key = {"Idempotency-Key": str(uuid4())}

    with zeal_ignore():
        first = signed_in.post(ORDERS, body, headers=key)
        again = signed_in.post(ORDERS, body, headers=key)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert [first.get("Idempotent-Replayed"), again.get("Idempotent-Replayed")] == [None, "true"]
    assert Order.objects.count() == 1


def test_the_answer_stays_what_it_was(signed_in: APIClient) -> None:
    body = {"items": [{"product_id": str(goods()), "quantity": 1}]}
    key = {"Idempotency-Key": "one"}
    with zeal_ignore():
        first = signed_in.post(ORDERS, body, headers=key)
        order_pay(order=Order.objects.get())

        assert signed_in.post(ORDERS, body, headers=key).json() == first.json()


def test_a_key_with_another_body_is_refused(signed_in: APIClient) -> None:
    lamp = goods()
    key = {"Idempotency-Key": "one"}
    signed_in.post(ORDERS, {"items": [{"product_id": str(lamp), "quantity": 1}]}, headers=key)

    answer = signed_in.post(ORDERS, {"items": [{"product_id": str(lamp), "quantity": 2}]}, headers=key)

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:problem:idempotency-key-reused"
    assert Order.objects.count() == 1


def test_what_is_no_key_is_a_bad_request(signed_in: APIClient) -> None:
    body = {"items": [{"product_id": str(goods()), "quantity": 1}]}

    answer = signed_in.post(ORDERS, body, headers={"Idempotency-Key": "a" * 256})

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:problem:idempotency-key-invalid"


def test_an_order_is_cancelled_once(signed_in: APIClient, user: User) -> None:
    order = OrderFactory.create(customer=user)
    OrderItemFactory.create(order=order, product_id=goods())

    with zeal_ignore():
        cancelled = signed_in.post(f"{ORDERS}{order.pk}/cancel/")
        again = signed_in.post(f"{ORDERS}{order.pk}/cancel/")

    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    assert len(cancelled.json()["items"]) == 1
    assert again.status_code == 409
    assert again.json()["type"] == "urn:problem:order-state"


@pytest.mark.django_db(transaction=True)
def test_an_order_that_somebody_holds_may_be_cancelled_a_moment_later() -> None:
    order = OrderFactory.create()

    def cancel() -> int:
        client = APIClient()
        client.force_authenticate(order.customer)
        with impatient():
            return client.post(f"{ORDERS}{order.pk}/cancel/").status_code

    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        assert at_once(cancel) == [503]

    assert at_once(cancel) == [200]


def test_the_orders_of_others_are_not_there(signed_in: APIClient) -> None:
    order = OrderFactory.create()

    assert signed_in.get(ORDERS).json()["results"] == []
    assert signed_in.get(f"{ORDERS}{order.pk}/").status_code == 404
    assert signed_in.post(f"{ORDERS}{order.pk}/cancel/").status_code == 404
    order.refresh_from_db()
    assert order.status == Status.PENDING


def test_what_is_no_id_is_not_there(signed_in: APIClient) -> None:
    answer = signed_in.get(f"{ORDERS}lamp/")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_orders_are_narrowed_down(signed_in: APIClient, user: User) -> None:
    now = timezone.now()
    old = OrderFactory.create(customer=user, status=Status.PAID, created_at=now - timedelta(days=2))
    new = OrderFactory.create(customer=user, created_at=now)
    item = OrderItemFactory.create(order=new)

    def found(**query: str) -> list[str]:
        with zeal_ignore():
            return [order["id"] for order in signed_in.get(ORDERS, query).json()["results"]]

    assert found() == [str(new.pk), str(old.pk)]
    assert found(status="paid") == [str(old.pk)]
    assert found(created_after=(now - timedelta(days=1)).isoformat()) == [str(new.pk)]
    assert found(created_before=(now - timedelta(days=1)).isoformat()) == [str(old.pk)]
    assert found(product_id=str(item.product_id)) == [str(new.pk)]


@pytest.mark.parametrize("query", [{"status": "lost"}, {"created_after": "soon"}, {"product_id": "lamp"}])
def test_what_orders_cannot_be_narrowed_down_by_is_refused(signed_in: APIClient, query: dict[str, str]) -> None:
    answer = signed_in.get(ORDERS, query)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{name}" for name in query]


def test_pages_follow_each_other_without_a_gap(signed_in: APIClient, user: User) -> None:
    orders = OrderFactory.create_batch(7, customer=user)

    pages, link = [], f"{ORDERS}?page_size=3"
    while link:
        with zeal_ignore():
            page = signed_in.get(link).json()
        pages.append([order["id"] for order in page["results"]])
        link = page["next"]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [order_id for page in pages for order_id in page] == [str(order.pk) for order in orders[::-1]]


def test_a_summary_is_of_the_caller(signed_in: APIClient, user: User) -> None:
    OrderFactory.create(customer=user, status=Status.PAID)
    stranger = APIClient()
    stranger.force_authenticate(UserFactory.create())

    answers = [client.get(f"{ORDERS}summary/") for client in (signed_in, stranger)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["order_count"] for answer in answers] == [1, 0]
    assert [answers[0].json()[name] for name in ("paid", "tier")] == ["12.00", "bronze"]


def test_a_browser_may_send_a_key(settings: Settings, client: Client) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example.com"]
    asked = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }

    answer = client.options(ORDERS, headers=asked)

    allowed = {name.strip() for name in answer["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key"} <= allowed


@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_requests_with_one_key_place_one_order(rates: dict[str, str]) -> None:
    user, product_id = UserFactory.create(), goods()
    body = {"items": [{"product_id": str(product_id), "quantity": 1}]}

    def place() -> tuple[int, str, str | None]:
        client = APIClient()
        client.force_authenticate(user)
        response = client.post(ORDERS, body, headers={"Idempotency-Key": "key"})
        return response.status_code, response.json()["id"], response.get("Idempotent-Replayed")

    responses = at_once(*[place] * 20)

    [order_id] = Order.objects.values_list("pk", flat=True)
    expected = [(201, str(order_id), None)] + [(201, str(order_id), "true")] * 19
    assert sorted(responses, key=str) == sorted(expected, key=str)
