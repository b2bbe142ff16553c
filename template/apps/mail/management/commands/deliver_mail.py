"""`manage.py deliver_mail`: for cron, where no Celery runs, and for whoever wants it sent now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.mail.delivery import mail_deliver_due, mail_retry_unknown


class Command(BaseCommand):
    """Send the mail whose time has come."""

    help = "Send the mail whose time has come."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retry-unknown",
            action="store_true",
            help="also those that the mail server may have already (mail_outcome_unknown in the log)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["retry_unknown"]:
            mail_retry_unknown()
        self.stdout.write(f"{mail_deliver_due()} sent")
