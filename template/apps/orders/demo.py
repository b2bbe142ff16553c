"""Orders for a demonstration, and for measuring."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.utils import timezone
from psycopg import sql

from apps.core.ids import generate_id
from apps.orders.goods import Offer
from apps.orders.models import Order, OrderItem
from apps.orders.states import Status

# Rows as tuples of these: an object for each row would take longer than the row itself.
_ORDER = (
    "id",
    "customer_id",
    "status",
    "amount",
    "item_count",
    "notes",
    "created_at",
    "updated_at",
    "confirmed_at",
    "paid_at",
    "refunded_at",
)
_ITEM = ("id", "order_id", "product_id", "sku", "name", "quantity", "unit_price")
_Row = tuple[Any, ...]

# How many orders one transaction writes.
_BATCH = 5000
# Over which time the orders were placed.
_PERIOD = timedelta(days=365)
# Of 100 orders, how many stand where: few wait, as in a shop that works.
_STATUSES = {Status.PENDING: 3, Status.PAID: 85, Status.CANCELLED: 8, Status.REFUNDED: 4}
_PAID = {Status.PAID, Status.REFUNDED}
_LINES = (1, 1, 2, 3)
_QUANTITIES = (1, 1, 1, 2, 5)


def orders_seed(*, count: int, customer_ids: Sequence[UUID], offers: Sequence[Offer]) -> None:
    """Write orders as if they had been placed over the last year. No mail is sent, and no stock is touched.

    Args:
        count: How many.
        customer_ids: Whose they are, in turn.
        offers: What is in them: one to three lines each.
    """
    orders = _orders(count, customer_ids, offers)
    while batch := list(islice(orders, _BATCH)):
        with transaction.atomic():
            _write(Order, _ORDER, [order for order, _ in batch])
            _write(OrderItem, _ITEM, [item for _, items in batch for item in items])


def _orders(count: int, customer_ids: Sequence[UUID], offers: Sequence[Offer]) -> Iterator[tuple[_Row, list[_Row]]]:
    """Yield each order with its items, the oldest first."""
    chance = random.Random(count)  # noqa: S311 - the same each time, which is the point
    statuses = chance.choices([status.value for status in _STATUSES], weights=list(_STATUSES.values()), k=count)
    now = timezone.now()
    for number, status in enumerate(statuses):
        created_at = now - _PERIOD * (count - number) / count
        yield _order(chance, customer_ids[number % len(customer_ids)], offers, status, created_at)


def _order(
    chance: random.Random, customer_id: UUID, offers: Sequence[Offer], status: str, created_at: datetime
) -> tuple[_Row, list[_Row]]:
    order_id = generate_id()
    first = chance.randrange(len(offers))
    # Neighbours, so that no product comes twice.
    chosen = [offers[(first + step) % len(offers)] for step in range(min(chance.choice(_LINES), len(offers)))]
    amount, pieces = Decimal(0), 0
    items: list[_Row] = []
    for offer in chosen:
        quantity = chance.choice(_QUANTITIES)
        amount += offer.unit_price * quantity
        pieces += quantity
        items.append((generate_id(), order_id, offer.product_id, offer.sku, offer.name, quantity, offer.unit_price))
    # On the day it was placed, as most are.
    paid_at = created_at if status in _PAID else None
    refunded_at = created_at if status == Status.REFUNDED else None
    # Confirmed long ago: nobody is to be mailed.
    moments = (created_at, created_at, created_at, paid_at, refunded_at)
    return (order_id, customer_id, status, amount, pieces, "", *moments), items


def _write(model: type[models.Model], names: Sequence[str], rows: Sequence[_Row]) -> None:
    """Write rows with COPY, which is three times as fast as INSERT.

    https://www.psycopg.org/psycopg3/docs/basic/copy.html
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
