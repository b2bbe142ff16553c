"""Every index of orders is used by the query that it was made for."""

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
from apps.orders.models import Order
from apps.orders.selectors import day_figures
from apps.orders.services import orders_expire
from apps.users.demo import DEMO_EMAIL
from apps.users.models import User

# Enough for PostgreSQL to prefer an index. `tests/test_indexes.py` repeats this with more.
ROWS = int(os.environ.get("SEED_ORDERS", "5000"))
# A customer with a large share of all orders would be read from the primary key instead.
CUSTOMERS = ROWS // 100

Scans = set[tuple[str, str]]


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield how each table is read: the kind of scan, and the index or the table."""
    if plan["Node Type"].endswith("Scan"):
        yield plan["Node Type"], plan.get("Index Name") or plan["Relation Name"]
    for step in plan.get("Plans", []):
        yield from scans(step)


def explain(call: Callable[[], object], *, queries: int = 1) -> Scans:
    """Return the scans of orders and items by the first queries of a call."""
    with CaptureQueriesContext(connection) as captured:
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
def test_every_index_is_used(rates: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("seed_demo", "--products", "20", "--users", f"{CUSTOMERS}", "--orders", f"{ROWS}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_order, orders_orderitem, users_user")
    client = APIClient()
    client.force_authenticate(User.objects.get(email=DEMO_EMAIL))
    # Only their first query counts here.
    monkeypatch.setattr("apps.orders.services.order_cancel", lambda **_order: None)
    monkeypatch.setattr("apps.orders.confirmation.order_confirm", lambda **_order: True)

    def page(query: str) -> Scans:
        return explain(lambda: client.get(f"/api/v1/orders/?{query}"))

    def next_page(query: str) -> Scans:
        link = client.get(f"/api/v1/orders/?page_size=10&{query}").json()["next"]
        return explain(lambda: client.get(link))

    with zeal_ignore():
        found = [
            page("") | next_page(""),
            page("status=paid") | next_page("status=paid"),
            explain(orders_expire),
            explain(orders_confirm_due),
            explain(lambda: day_figures(day=timezone.localdate()), queries=3),
        ]

    assert found == [
        {("Index Scan", "orders_order_of_customer")},
        {("Index Scan", "orders_order_by_status")},
        {("Index Scan", "orders_order_pending")},
        {("Index Scan", "orders_order_unconfirmed")},
        {
            ("Index Only Scan", "orders_order_placed"),
            ("Index Only Scan", "orders_order_paid"),
            ("Index Only Scan", "orders_order_refunded"),
        },
    ]
    assert {name for group in found for _, name in group} == {index.name for index in Order._meta.indexes}
