"""The zero-downtime migrations of `item_count`, forwards and backwards, with orders in the table."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

pytestmark = pytest.mark.django_db(transaction=True)

INITIAL, NULLABLE, FILLED, NOT_NULL = (
    "0001_initial",
    "0002_order_item_count",
    "0003_fill_item_count",
    "0006_item_count_not_null",
)
# More than one batch.
MANY = 1_500


@pytest.fixture(autouse=True)
def _migrate_back() -> Iterator[None]:
    yield
    # Rows of the tests do not survive the flush, but the schema does.
    call_command("migrate", "orders", verbosity=0)


def migrate(name: str) -> Apps:
    """Migrate orders forwards or backwards, and return its models at that point."""
    call_command("migrate", "orders", name, verbosity=0)
    return MigrationExecutor(connection).loader.project_state([("orders", name)]).apps


def create_orders(apps: Apps, count: int) -> None:
    """Create orders whose amount is the number of their units."""
    user = apps.get_model("users", "User").objects.create(email="ada@example.com")
    order_model, item_model = apps.get_model("orders", "Order"), apps.get_model("orders", "OrderItem")
    orders = order_model.objects.bulk_create(order_model(customer=user, amount=number) for number in range(count))
    item_model.objects.bulk_create(
        item_model(order=order, product_id=order.pk, sku="A", name="A", quantity=int(order.amount), unit_price=1)
        for order in orders
        if order.amount
    )


def counts(apps: Apps) -> list[tuple[Any, Any]]:
    orders = apps.get_model("orders", "Order").objects.order_by("amount")
    return [(int(amount), count) for amount, count in orders.values_list("amount", "item_count")]


def test_item_count_is_filled_forwards_and_backwards() -> None:
    create_orders(migrate(INITIAL), MANY)
    expected = [(number, number) for number in range(MANY)]

    assert counts(migrate(FILLED)) == expected
    assert counts(migrate(NOT_NULL)) == expected
    assert migrate(INITIAL).get_model("orders", "Order").objects.count() == MANY
    assert counts(migrate(NOT_NULL)) == expected


def test_values_of_the_new_code_are_kept() -> None:
    create_orders(migrate(INITIAL), 3)
    migrate(NULLABLE).get_model("orders", "Order").objects.filter(amount=2).update(item_count=77)

    assert counts(migrate(FILLED)) == [(0, 0), (1, 1), (2, 77)]


def test_later_indexes_are_created_concurrently() -> None:
    printed = StringIO()
    names = sorted(name for app, name in MigrationLoader(connection).disk_migrations if app == "orders")
    for name in names[1:]:
        call_command("sqlmigrate", "orders", name, stdout=printed)

    statements = re.findall(r"^(?:CREATE|DROP) (?:UNIQUE )?INDEX.*", printed.getvalue(), re.MULTILINE)
    assert statements
    assert [statement for statement in statements if " CONCURRENTLY " not in statement] == []
