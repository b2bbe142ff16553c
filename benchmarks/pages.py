"""Measure the query of a page of orders: the first page, and the page after 1,000,000 rows of the same customer."""

import json
import sys

from benchmarks.project import migrated_project
from benchmarks.render import machine

# One full page after the depth.
ORDERS = 1_000_100
DEPTH = 1_000_000
RUNS = 500
# The deep page may take this many times as long as the first.
TARGET = 1.2

# Runs in the project, with the queries and cursors of the API.
MEASURE = """
import json, statistics
from base64 import b64encode
from urllib.parse import urlencode
import django
django.setup()
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient
from apps.orders.models import Order
from apps.users.models import User

[customer] = User.objects.all()
with connection.cursor() as cursor:
    cursor.execute("VACUUM ANALYZE orders_order")
client = APIClient()
client.force_authenticate(customer)

# The last row before the deep page: a cursor holds its id.
last = Order.objects.order_by("-id").values_list("id", flat=True)[{depth} - 1]
deep = urlencode({{"cursor": b64encode(urlencode({{"p": str(last)}}).encode()).decode()}})

def query(parameters):
    with CaptureQueriesContext(connection) as captured:
        answer = client.get("/api/v1/orders/?" + parameters)
    body = answer.json()
    assert len(body["results"]) == 25, body
    [sql] = [query["sql"] for query in captured if 'FROM "orders_order"' in query["sql"]]
    return sql, body["results"][0]["id"]

first_sql, first_id = query("")
deep_sql, deep_id = query(deep)
assert Order.objects.filter(id__gt=deep_id).count() == {depth}

def milliseconds(sql):
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql)
        [[plan]] = cursor.fetchall()
    [plan] = json.loads(plan) if isinstance(plan, str) else plan
    return plan["Execution Time"]

times = {{"first": [], "deep": []}}
# Alternating, so that other load on the machine affects both.
for _ in range({runs}):
    times["first"].append(milliseconds(first_sql))
    times["deep"].append(milliseconds(deep_sql))
print(json.dumps({{name: statistics.median(taken) for name, taken in times.items()}}))
"""


def main() -> int:
    """Print the machine and the medians. Return 1 if the deep page exceeds the target."""
    print(machine())
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "LOG_LEVEL": "ERROR",
        "ALLOWED_HOSTS": "testserver",
    }
    with migrated_project(variables) as project:
        # The demo user is the only user, and owns all orders.
        project.python("manage.py", "seed_demo", "--products", "20", "--orders", str(ORDERS))
        printed = project.python("-c", MEASURE.format(depth=DEPTH, runs=RUNS)).stdout
    medians: dict[str, float] = json.loads(printed.splitlines()[-1])
    ratio = medians["deep"] / medians["first"]
    print(f"page 1: {medians['first']:.3f} ms (median of {RUNS})")
    print(f"page after {DEPTH:,} rows: {medians['deep']:.3f} ms (median of {RUNS})")
    print(f"ratio {ratio:.2f}, target: less than {TARGET}")
    return int(ratio >= TARGET)


if __name__ == "__main__":
    sys.exit(main())
