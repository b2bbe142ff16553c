"""Measure the seconds that `seed_demo` takes for 200,000 orders on PostgreSQL."""

import sys
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.render import machine
from tests.harness.environments import share_environment
from tests.harness.postgres import run_postgres
from tests.harness.render import render
from tests.harness.snapshot import take_snapshot

NUMBERS = {"products": 100, "users": 1_000, "orders": 200_000}
# Seconds, including the start of the command.
TARGET = 60.0


def main() -> int:
    """Print the machine and the seconds. Return 1 if they exceed the target."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder, run_postgres() as postgres:
        template = take_snapshot(Path(folder) / "template")
        project = share_environment(render(template, Path(folder) / "project", {}))
        variables = {"DATABASE_URL": postgres.create_database("seeding")}
        project.python("manage.py", "migrate", "--verbosity", "0", env=variables)
        options = [part for name, number in NUMBERS.items() for part in (f"--{name}", str(number))]
        start = time.perf_counter()
        project.python("manage.py", "seed_demo", *options, env=variables)
        seconds = time.perf_counter() - start
        with psycopg.connect(variables["DATABASE_URL"]) as database:
            rows = {
                table: count
                for table in ("catalog_product", "users_user", "orders_order", "orders_orderitem")
                for (count,) in database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - names from above
            }
    print(f"seed_demo {' '.join(options)}: {seconds:.1f} s")
    print(", ".join(f"{count:,} in {table}" for table, count in rows.items()))
    print(f"target: less than {TARGET:.0f} s")
    return int(seconds >= TARGET)


if __name__ == "__main__":
    sys.exit(main())
