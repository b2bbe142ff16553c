"""`manage.py daily_orders`: the daily jobs, for cron where Celery does not run."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.orders.reports import daily_report_send
from apps.orders.services import orders_expire


class Command(BaseCommand):
    """Run the daily jobs of orders."""

    help = "Cancel unpaid orders, and email yesterday's figures to the managers."

    def handle(self, *_args: Any, **_options: Any) -> None:
        cancelled = orders_expire()
        report = "report sent" if daily_report_send() else "report was already sent"
        self.stdout.write(f"{cancelled} cancelled, {report}")
