"""`manage.py seed_demo`: demo data, or a large data set for measurements."""

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.orders.demo import orders_seed
from apps.orders.product_gateway import products_seed
from apps.users.demo import DEMO_EMAIL, DEMO_PASSWORD, demo_user_create, users_seed

DEFAULTS = {"products": 30, "users": 5, "orders": 200}


class Command(BaseCommand):
    """Create made-up products, users and orders."""

    help = "Create made-up products, users and orders, in addition to existing data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, count in DEFAULTS.items():
            parser.add_argument(f"--{name}", type=int, help=f"how many; {count} if no number is given at all")
        parser.add_argument("--once", action="store_true", help="do nothing if the demo data exists already")

    def handle(self, *_args: Any, **options: Any) -> None:
        given = {name: options[name] for name in DEFAULTS if options[name] is not None}
        if not given and not settings.DEBUG:
            raise CommandError("DEBUG is off. To create demo data anyway, give numbers: --products 30, for example.")
        counts = {**dict.fromkeys(DEFAULTS, 0), **given} if given else DEFAULTS
        if min(counts.values()) < 0 or (counts["orders"] and not counts["products"]):
            raise CommandError("Numbers are 0 or more, and orders need products: --products 30, for example.")
        # With `--once` all or nothing, because the demo user marks the data as complete. A large data set is too much for
        # one transaction.
        with transaction.atomic() if options["once"] else nullcontext():
            demo_id, is_new = demo_user_create()
            if is_new or not options["once"]:
                priced_items = products_seed(count=counts["products"])
                customer_ids = [demo_id, *users_seed(count=counts["users"])]
                orders_seed(count=counts["orders"], customer_ids=customer_ids, priced_items=priced_items)
                self.stdout.write("Demo data: {products} products, {users} users, {orders} orders".format(**counts))
        if settings.DEBUG:
            self.stdout.write(f"Demo login: {DEMO_EMAIL}, {DEMO_PASSWORD}")
