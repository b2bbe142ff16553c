"""`manage.py deliver_mail`: send the outbox. Without Celery, run it every minute."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.mail.delivery import mail_deliver_due


class Command(BaseCommand):
    """Send the emails that are due."""

    help = "Send the emails that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        text = "also send the emails during whose delivery a process died; they may arrive twice"
        parser.add_argument("--retry-interrupted", action="store_true", help=text)

    def handle(self, *_args: Any, retry_interrupted: bool, **_options: Any) -> None:
        self.stdout.write(f"{mail_deliver_due(retry_interrupted=retry_interrupted)} sent")
