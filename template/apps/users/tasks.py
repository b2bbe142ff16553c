"""Housekeeping, started by the schedule in `config/settings/components/celery.py`."""

from celery import shared_task

from apps.users import services


@shared_task
def clear_expired() -> None:
    """Delete expired sessions, tokens, registrations and idempotency keys. Safe to run twice."""
    services.clear_expired()
