"""The endpoints of orders, for `tests/test_endpoints.py`."""

from http import HTTPStatus

from apps.orders.services import OrderItemInput, order_create
from apps.orders.tests.factories import OrderFactory
from apps.orders.tests.products import product
from apps.users.models import User
from tests.endpoint import Call, Endpoint, signed_in

# Orders of other users are not found.
OWN = signed_in(HTTPStatus.OK, other=HTTPStatus.NOT_FOUND, manager=HTTPStatus.NOT_FOUND, staff=HTTPStatus.NOT_FOUND)


def orders(owner: User, rows: int) -> Call:
    """Create orders."""
    OrderFactory.create_batch(rows, customer=owner)
    return Call()


def order(owner: User, rows: int) -> Call:
    """Create an order with as many items as there are rows."""
    items = [OrderItemInput(product_id=product(), quantity=1) for _ in range(rows)]
    return Call({"id": order_create(customer=owner, items=items).pk})


def new_order(_owner: User, rows: int) -> Call:
    """Return a request with as many items as there are rows."""
    items = [{"product_id": str(product()), "quantity": 1} for _ in range(rows)]
    return Call(body={"items": items, "notes": "Ring twice"})


ENDPOINTS = [
    Endpoint("GET", "/api/v1/orders/", signed_in(HTTPStatus.OK), 2, orders),
    Endpoint("POST", "/api/v1/orders/", signed_in(HTTPStatus.CREATED), 7, new_order),
    Endpoint("GET", "/api/v1/orders/{id}/", OWN, 3, order),
    Endpoint("POST", "/api/v1/orders/{id}/cancel/", OWN, 9, order),
    Endpoint("GET", "/api/v1/orders/summary/", signed_in(HTTPStatus.OK), 3, orders),
]
