"""The endpoints of orders: who may call them, and what a call costs. Walked by `tests/test_endpoints.py`."""

from http import HTTPStatus

from apps.orders.services import Line, order_create
from apps.orders.tests.factories import OrderFactory
from apps.orders.tests.goods import goods
from apps.users.models import User
from tests.endpoint import Call, Endpoint, signed_in

# The orders of others are not even there.
OWN = signed_in(HTTPStatus.OK, other=HTTPStatus.NOT_FOUND, manager=HTTPStatus.NOT_FOUND, staff=HTTPStatus.NOT_FOUND)


def _lines(rows: int) -> list[Line]:
    return [Line(product_id=goods(), quantity=1) for _ in range(rows)]


def orders(owner: User, rows: int) -> Call:
    """Make that many orders."""
    OrderFactory.create_batch(rows, customer=owner)
    return Call()


def order(owner: User, rows: int) -> Call:
    """Make an order with that many lines."""
    return Call({"id": order_create(customer=owner, items=_lines(rows)).pk})


def items(_owner: User, rows: int) -> Call:
    """Ask for that many lines."""
    lines = [{"product_id": str(line["product_id"]), "quantity": line["quantity"]} for line in _lines(rows)]
    return Call(body={"items": lines, "notes": "Ring twice"})


ENDPOINTS = [
    Endpoint("GET", "/api/v1/orders/", signed_in(HTTPStatus.OK), 2, orders),
    Endpoint("POST", "/api/v1/orders/", signed_in(HTTPStatus.CREATED), 7, items),
    Endpoint("GET", "/api/v1/orders/{id}/", OWN, 3, order),
    Endpoint("POST", "/api/v1/orders/{id}/cancel/", OWN, 9, order),
    Endpoint("GET", "/api/v1/orders/summary/", signed_in(HTTPStatus.OK), 3, orders),
]
