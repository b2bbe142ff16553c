"""`manage.py daily_orders`: for cron, where no Celery runs."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.orders.reports import daily_report_send
from apps.orders.services import orders_expire


class Command(BaseCommand):
    """Do what is due once a day."""

    help = "Cancel what nobody pays, mail yesterday's figures to the managers."

    def handle(self, *_args: Any, **_options: Any) -> None:
        cancelled = orders_expire()
        reported = daily_report_send()
        report = "sent" if reported else "sent before"
        self.stdout.write(f"{cancelled} cancelled, report {report}")
