"""`manage.py confirm_orders`: for cron where Celery does not run."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.orders.confirmation import orders_confirm_due


class Command(BaseCommand):
    """Confirm the orders whose confirmation was lost."""

    help = "Write the confirmation emails that were not written when the orders were placed."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{orders_confirm_due()} confirmed")
