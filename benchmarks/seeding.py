"""Measure the seconds that `seed_demo` takes for 200,000 orders on PostgreSQL."""

import sys
import time

import psycopg

from benchmarks.project import migrated_project
from benchmarks.render import machine

NUMBERS = {"products": 100, "users": 1_000, "orders": 200_000}
# Seconds, including the start of the command.
TARGET = 60.0


def main() -> int:
    """Print the machine and the seconds. Return 1 if they exceed the target."""
    print(machine())
    with migrated_project() as project:
        options = [part for name, number in NUMBERS.items() for part in (f"--{name}", str(number))]
        start = time.perf_counter()
        project.python("manage.py", "seed_demo", *options)
        seconds = time.perf_counter() - start
        with psycopg.connect(project.variables["DATABASE_URL"]) as database:
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
