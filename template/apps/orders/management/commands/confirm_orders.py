"""`manage.py confirm_orders`: for cron, where no Celery runs."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.orders.confirmation import orders_confirm_due


class Command(BaseCommand):
    """Confirm the orders that were forgotten."""

    help = "Write the mails that confirm orders, where that was not done when they were placed."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{orders_confirm_due()} confirmed")
