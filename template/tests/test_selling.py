"""Orders and stock together: concurrent orders never oversell, deadlock or lose stock."""

from itertools import permutations
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from apps.catalog.exceptions import InsufficientStockError
from apps.core.models import generate_id
from apps.orders.exceptions import OrderStateError
from apps.orders.models import Order, OrderItem
from apps.orders.services import OrderItemInput, order_cancel, order_create, order_pay, order_refund
from apps.orders.tests.products import product, stock_of
from apps.users.models import User
from apps.users.tests.factories import UserFactory
from tests.concurrency import run_in_parallel

concurrent = pytest.mark.django_db(transaction=True)

UNITS, ORDERS = 10, 24


def items(*product_ids: UUID, quantity: int = 1) -> list[OrderItemInput]:
    return [OrderItemInput(product_id=product_id, quantity=quantity) for product_id in product_ids]


@pytest.mark.django_db
def test_cancelled_order_returns_its_stock_once(user: User) -> None:
    lamp = product(stock=5)

    order = order_create(customer=user, items=items(lamp, quantity=2))
    assert stock_of(lamp) == 3
    order_cancel(order=order)
    assert stock_of(lamp) == 5
    with pytest.raises(OrderStateError):
        order_cancel(order=order)
    assert stock_of(lamp) == 5


@pytest.mark.django_db
def test_refunded_order_returns_its_stock(user: User) -> None:
    lamp = product(stock=5)

    order = order_create(customer=user, items=items(lamp, quantity=2))
    order_pay(order=order)
    assert stock_of(lamp) == 3
    order_refund(order=order)
    assert stock_of(lamp) == 5


@pytest.mark.django_db
def test_order_above_the_stock_is_a_conflict_and_reserves_nothing(signed_in: APIClient) -> None:
    lamp, table = product(stock=5), product(stock=1)
    body = {"items": [{"product_id": str(lamp), "quantity": 1}, {"product_id": str(table), "quantity": 2}]}

    response = signed_in.post("/api/v1/orders/", body)

    assert response.status_code == 409
    assert response.json()["type"] == "urn:problem:insufficient-stock"
    assert not Order.objects.exists()
    assert [stock_of(lamp), stock_of(table)] == [5, 1]


@pytest.mark.django_db
def test_order_of_an_unknown_product_is_a_bad_request(signed_in: APIClient) -> None:
    response = signed_in.post("/api/v1/orders/", {"items": [{"product_id": str(generate_id()), "quantity": 1}]})

    assert response.status_code == 400
    assert response.json()["type"] == "urn:problem:product-unavailable"


@concurrent
def test_concurrent_orders_never_oversell() -> None:
    customer, lamp = UserFactory.create(), product(stock=UNITS)

    outcomes = run_in_parallel(*[lambda: order_create(customer=customer, items=items(lamp))] * ORDERS)

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == UNITS
    assert sum(isinstance(outcome, InsufficientStockError) for outcome in outcomes) == ORDERS - UNITS
    assert Order.objects.count() == OrderItem.objects.count() == UNITS
    assert stock_of(lamp) == 0


@concurrent
def test_concurrent_orders_of_several_products_in_any_order_do_not_deadlock() -> None:
    customer, products = UserFactory.create(), [product(stock=UNITS) for _ in range(3)]
    wanted = list(permutations(products)) * (ORDERS // 6)

    # A deadlock would be raised here.
    outcomes = run_in_parallel(*[lambda ids=ids: order_create(customer=customer, items=items(*ids)) for ids in wanted])

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == UNITS
    assert [stock_of(product_id) for product_id in products] == [0, 0, 0]


@concurrent
def test_concurrent_orders_and_cancellations_keep_the_stock_right() -> None:
    customer, products = UserFactory.create(), [product(stock=20) for _ in range(2)]
    placed = [order_create(customer=customer, items=items(*products)) for _ in range(5)]

    run_in_parallel(
        *[lambda order=order: order_cancel(order=order) for order in placed],
        *[lambda: order_create(customer=customer, items=items(*products[::-1]))] * 5,
    )

    assert [stock_of(product_id) for product_id in products] == [15, 15]


@concurrent
def test_one_of_several_concurrent_cancellations_returns_the_stock() -> None:
    lamp = product(stock=5)
    order = order_create(customer=UserFactory.create(), items=items(lamp, quantity=2))

    outcomes = run_in_parallel(*[lambda: order_cancel(order=order)] * 8)

    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, OrderStateError) for outcome in outcomes) == 7
    assert stock_of(lamp) == 5
