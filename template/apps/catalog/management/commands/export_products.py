"""`manage.py export_products`: products into a file."""

from typing import Any

from django.core.management import BaseCommand

from apps.catalog.files import products_export


class Command(BaseCommand):
    """Writes to the standard output."""

    help = "Write all products as comma-separated values, as import_products reads them."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for line in products_export():
            self.stdout.write(line, ending="")
