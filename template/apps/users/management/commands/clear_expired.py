"""`manage.py clear_expired`: for cron, where no Celery runs."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.users.services import clear_expired


class Command(BaseCommand):
    """Delete expired sessions, tokens, registrations and idempotency keys."""

    help = "Delete expired sessions, tokens, registrations and idempotency keys."

    def handle(self, *_args: Any, **_options: Any) -> None:
        clear_expired()
