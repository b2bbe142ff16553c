"""The queries that people wait for are answered by the indexes that were made for them."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.orders.confirmation import orders_confirm_due
from apps.orders.selectors import day_figures
from apps.orders.services import orders_expire
from apps.users.demo import DEMO_EMAIL
from apps.users.models import User

# Enough for PostgreSQL to prefer an index to reading everything. With more it shows that this stays so.
ROWS = int(os.environ.get("SEED_ORDERS", "5000"))
# For who has a large share of all orders, it would rather look through everybody's from the newest on.
CUSTOMERS = ROWS // 100

Scans = set[tuple[str, str]]


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield how each table is read: the kind of scan, and the index or else the table."""
    if plan["Node Type"].endswith("Scan"):
        yield plan["Node Type"], plan.get("Index Name") or plan["Relation Name"]
    for step in plan.get("Plans", []):
        yield from scans(step)


def reading(call: Callable[[], object], *, queries: int = 1) -> Scans:
    """Return how orders and their items are read by the first queries of a call that read them."""
    with CaptureQueriesContext(connection) as captured, zeal_ignore():
        call()
    reads = [query["sql"] for query in captured if 'FROM "orders_order"' in query["sql"]][:queries]
    assert len(reads) == queries
    found: Scans = set()
    for read in reads:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {read}")
            [[[plan]]] = cursor.fetchall()
        plan = json.loads(plan)[0] if isinstance(plan, str) else plan
        found |= {scan for scan in scans(plan["Plan"]) if "orders_" in scan[1]}
    return found


@pytest.mark.django_db
def test_every_query_has_its_index(rates: dict[str, str]) -> None:
    with zeal_ignore():
        call_command("seed_demo", "--products", "20", "--users", f"{CUSTOMERS}", "--orders", f"{ROWS}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_order, orders_orderitem, users_user")
    client = APIClient()
    client.force_authenticate(User.objects.get(email=DEMO_EMAIL))

    def page(query: str) -> Scans:
        return reading(lambda: client.get(f"/api/v1/orders/?{query}"))

    def next_page(query: str) -> Scans:
        with zeal_ignore():
            link = client.get(f"/api/v1/orders/?page_size=10&{query}").json()["next"]
        return reading(lambda: client.get(link))

    of_customer = {("Index Scan", "orders_order_of_customer")}
    assert page("") == of_customer
    assert next_page("") == of_customer
    by_status = {("Index Scan", "orders_order_by_status")}
    assert page("status=paid") == by_status
    assert next_page("status=paid") == by_status
    assert reading(lambda: orders_expire(limit=1)) == {("Index Scan", "orders_order_pending")}
    assert reading(orders_confirm_due) == {("Index Scan", "orders_order_unconfirmed")}
    # What a report counts and adds up stands in its indexes.
    assert reading(lambda: day_figures(day=timezone.localdate()), queries=3) == {
        ("Index Only Scan", "orders_order_placed"),
        ("Index Only Scan", "orders_order_paid"),
        ("Index Only Scan", "orders_order_refunded"),
    }
