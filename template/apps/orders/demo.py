"""Demo orders, also used for measurements."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.utils import timezone
from psycopg import sql

from apps.core.models import generate_id
from apps.orders.models import Order, OrderItem
from apps.orders.product_gateway import PricedItem
from apps.orders.states import Status

# Rows are dictionaries: model instances would take longer to create than the rows take to insert.
Row = dict[str, Any]

# Orders per transaction.
BATCH_SIZE = 5000
# The orders are spread over this time.
PERIOD = timedelta(days=365)
# Weights: how many of 100 orders have each status.
STATUSES = {Status.PENDING: 3, Status.PAID: 85, Status.CANCELLED: 8, Status.REFUNDED: 4}


def orders_seed(*, count: int, customer_ids: Sequence[UUID], priced_items: Sequence[PricedItem]) -> None:
    """Create orders spread over the last year. Sends no email and does not change the stock.

    Args:
        count: How many.
        customer_ids: The customers, in turn.
        priced_items: The products to choose from.
    """
    orders = _orders(count, customer_ids, priced_items)
    while batch := list(islice(orders, BATCH_SIZE)):
        with transaction.atomic():
            _copy(Order, [order for order, _ in batch])
            _copy(OrderItem, [item for _, items in batch for item in items])


def _orders(
    count: int, customer_ids: Sequence[UUID], priced_items: Sequence[PricedItem]
) -> Iterator[tuple[Row, list[Row]]]:
    """Yield each order with its items, oldest first."""
    random = Random(count)  # noqa: S311 - the same orders each time
    statuses = random.choices([status.value for status in STATUSES], weights=list(STATUSES.values()), k=count)
    now = timezone.now()
    for number, status in enumerate(statuses):
        placed_at = now - PERIOD * (count - number) / count
        items = _items(random, priced_items)
        order = {
            "id": generate_id(),
            "customer_id": customer_ids[number % len(customer_ids)],
            "status": status,
            "amount": sum((item["unit_price"] * item["quantity"] for item in items), Decimal(0)),
            "item_count": sum(item["quantity"] for item in items),
            "notes": "",
            "created_at": placed_at,
            "updated_at": placed_at,
            # So that no confirmation is sent.
            "confirmed_at": placed_at,
            "paid_at": placed_at if status in {Status.PAID, Status.REFUNDED} else None,
            "refunded_at": placed_at if status == Status.REFUNDED else None,
        }
        yield order, [{"id": generate_id(), "order_id": order["id"], **item} for item in items]


def _items(random: Random, priced_items: Sequence[PricedItem]) -> list[Row]:
    """Return one to three different products."""
    first = random.randrange(len(priced_items))
    count = min(random.choice((1, 1, 2, 3)), len(priced_items))
    chosen = [priced_items[(first + step) % len(priced_items)] for step in range(count)]
    return [{**vars(item), "quantity": random.choice((1, 1, 1, 2, 5))} for item in chosen]


def _copy(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Insert rows with COPY, which is about three times as fast as INSERT.

    https://www.psycopg.org/psycopg3/docs/basic/copy.html
    """
    columns = list(rows[0])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])
