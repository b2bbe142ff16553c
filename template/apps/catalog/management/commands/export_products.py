"""`manage.py export_products`."""

from typing import Any

from django.core.management import BaseCommand

from apps.catalog.import_export import products_export


class Command(BaseCommand):
    """Write all products to standard output."""

    help = "Write all products as CSV, in the format that import_products reads."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for line in products_export():
            self.stdout.write(line, ending="")
