"""`manage.py deliver_mail`: for cron, where no Celery runs, and for whoever wants it sent now."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.mail.delivery import mail_deliver_due


class Command(BaseCommand):
    """Send the mail whose time has come."""

    help = "Send the mail whose time has come."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{mail_deliver_due()} sent")
