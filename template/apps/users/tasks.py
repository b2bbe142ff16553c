"""Celery tasks of accounts. The schedule is in `config/settings/components/celery.py`."""

from celery import shared_task

from apps.users import services


@shared_task
def clear_expired_task() -> None:
    """Delete expired sessions, registrations and idempotency keys. Idempotent."""
    services.clear_expired()
