"""`manage.py seed_demo`: something to look at, or a lot to measure with."""

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.orders.demo import orders_seed
from apps.orders.goods import products_seed
from apps.users.demo import DEMO_EMAIL, DEMO_PASSWORD, demo_user_create, users_seed

# How much there is unless a number is given.
_FEW = {"products": 30, "users": 5, "orders": 200}


class Command(BaseCommand):
    """Write products, users and orders that nobody made."""

    help = "Write products, users and orders for a demonstration, on top of what is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, few in _FEW.items():
            parser.add_argument(f"--{name}", type=int, help=f"how many, {few} unless one of the numbers is given")
        parser.add_argument("--once", action="store_true", help="do nothing where that was done before")

    def handle(self, *_args: Any, **options: Any) -> None:
        numbers = {name: options[name] for name in _FEW if options[name] is not None}
        if not numbers and not settings.DEBUG:
            raise CommandError(
                "This is no place for a demonstration. If it is, say how many: --products 30, for example."
            )
        wanted = {**dict.fromkeys(_FEW, 0), **numbers} if numbers else _FEW
        if min(wanted.values()) < 0 or (wanted["orders"] and not wanted["products"]):
            raise CommandError("Numbers are 0 or more, and orders need products: --products 30, for example.")
        # All or nothing, where the demo user says whether it was done before. What is made to measure with is too much for
        # one transaction.
        with transaction.atomic() if options["once"] else nullcontext():
            demo_id, is_new = demo_user_create()
            if is_new or not options["once"]:
                offers = products_seed(count=wanted["products"])
                customer_ids = [demo_id, *users_seed(count=wanted["users"])]
                orders_seed(count=wanted["orders"], customer_ids=customer_ids, offers=offers)
                self.stdout.write("Demo data: {products} products, {users} users, {orders} orders".format(**wanted))
        if settings.DEBUG:
            self.stdout.write(f"Demo login: {DEMO_EMAIL}, {DEMO_PASSWORD}")
