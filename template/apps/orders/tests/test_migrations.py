"""The steps to a column that must not be empty, forwards and back, with orders in the table."""

import re
from io import StringIO
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django_test_migrations.migrator import Migrator
from zeal import zeal_ignore

from apps.orders.tests.factories import OrderFactory

BEFORE = ("orders", "0002_order_indexes")
NULLABLE = ("orders", "0003_order_item_count")
COUNTED = ("orders", "0004_count_items")
UNTOLD = ("orders", "0008_order_paid_at_refunded_at")
TOLD = ("orders", "0009_tell_when_paid")
LAST = ("orders", "0010_report_indexes")
REQUIRED = ("orders", "0007_order_item_count_required")

# More than one batch of the migration.
MANY = 2_500


def seed(apps: Apps, count: int, **values: object) -> None:
    """Write orders as they were before they had a count: each with as many pieces as its number says."""
    user = apps.get_model("users", "User").objects.create(email="ada@example.com")
    order_model, item_model = apps.get_model("orders", "Order"), apps.get_model("orders", "OrderItem")
    orders = order_model.objects.bulk_create(
        [order_model(customer=user, amount=number, status="paid", **values) for number in range(count)]
    )
    item_model.objects.bulk_create(
        item_model(order=order, product_id=order.pk, sku="A", name="A", quantity=int(order.amount), unit_price=1)
        for order in orders
        if order.amount
    )


def counts(apps: Apps) -> list[tuple[Any, Any]]:
    """Return what each order counts, beside what it should."""
    orders = apps.get_model("orders", "Order").objects.order_by("pk")
    return [(int(amount), count) for amount, count in orders.values_list("amount", "item_count")]


@pytest.mark.django_db(transaction=True)
def test_orders_are_counted_and_keep_everything_forwards_and_back(migrator: Migrator) -> None:
    with zeal_ignore():
        seed(migrator.apply_initial_migration(BEFORE).apps, MANY)

        counted = counts(migrator.apply_tested_migration(COUNTED).apps)
        assert counted == [(number, number) for number in range(MANY)]
        assert counts(migrator.apply_tested_migration(REQUIRED).apps) == counted

        before = migrator.apply_tested_migration(BEFORE).apps.get_model("orders", "Order")
        assert not hasattr(before, "item_count")
        assert before.objects.count() == MANY
        assert counts(migrator.apply_tested_migration(REQUIRED).apps) == counted


@pytest.mark.django_db(transaction=True)
def test_what_was_counted_by_newer_code_meanwhile_is_left_alone(migrator: Migrator) -> None:
    with zeal_ignore():
        seed(migrator.apply_initial_migration(BEFORE).apps, 3)
        orders = migrator.apply_tested_migration(NULLABLE).apps.get_model("orders", "Order").objects
        orders.filter(amount=2).update(item_count=77)

        assert counts(migrator.apply_tested_migration(COUNTED).apps) == [(0, 0), (1, 1), (2, 77)]


def moments(apps: Apps) -> list[tuple[Any, ...]]:
    """Return of each order when it was placed, changed, paid and refunded."""
    orders = apps.get_model("orders", "Order").objects.order_by("amount")
    return list(orders.values_list("created_at", "updated_at", "paid_at", "refunded_at"))


@pytest.mark.django_db(transaction=True)
def test_orders_tell_when_they_were_paid_forwards_and_back(migrator: Migrator) -> None:
    with zeal_ignore():
        apps = migrator.apply_initial_migration(UNTOLD).apps
        seed(apps, MANY, item_count=1)
        orders = apps.get_model("orders", "Order").objects
        orders.filter(amount=1).update(status="refunded")
        orders.filter(amount=2).update(status="pending")
        # By newer code, meanwhile.
        orders.filter(amount=3).update(paid_at="2026-01-31T00:00Z")

        told = moments(migrator.apply_tested_migration(TOLD).apps)
        assert all(paid == changed and not refunded for _, changed, paid, refunded in [told[0], *told[4:]])
        placed, changed, *_ = told[1]
        assert told[1] == (placed, changed, placed, changed)
        assert told[2][2:] == (None, None)
        assert f"{told[3][2]:%Y-%m-%d}" == "2026-01-31"
        assert moments(migrator.apply_tested_migration(LAST).apps) == told
        assert moments(migrator.apply_tested_migration(UNTOLD).apps) == told
        assert moments(migrator.apply_tested_migration(LAST).apps) == told


@pytest.mark.django_db(transaction=True)
def test_in_the_end_the_database_refuses_an_order_without_a_count() -> None:
    order = OrderFactory.create()

    with pytest.raises(IntegrityError), transaction.atomic():
        type(order).objects.filter(pk=order.pk).update(item_count=None)


# An index that is made concurrently is made outside of any transaction.
@pytest.mark.django_db(transaction=True)
def test_no_index_of_a_table_with_orders_in_it_comes_or_goes_while_they_wait() -> None:
    printed = StringIO()
    names = sorted(name for app, name in MigrationLoader(connection).disk_migrations if app == "orders")
    # The first makes the table.
    for name in names[1:]:
        call_command("sqlmigrate", "orders", name, stdout=printed)

    statements = re.findall(r"^(?:CREATE|DROP) (?:UNIQUE )?INDEX.*", printed.getvalue(), re.MULTILINE)
    assert statements
    assert [statement for statement in statements if " CONCURRENTLY " not in statement] == []
