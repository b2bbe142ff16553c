"""`manage.py clear_expired`: run it daily by cron if the project has no Celery."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.users.services import clear_expired


class Command(BaseCommand):
    """Delete expired sessions, registrations and idempotency keys."""

    help = "Delete expired sessions, registrations and idempotency keys."

    def handle(self, *_args: Any, **_options: Any) -> None:
        clear_expired()
