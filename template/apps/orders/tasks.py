"""Celery tasks of orders. Every task is safe to run twice, or twice at the same time."""

from celery import shared_task
from django.db import OperationalError

from apps.orders import confirmation, reports, services


@shared_task(
    # The database is unavailable, or the row is locked: temporary errors. A retry does not help against a bug.
    autoretry_for=(OperationalError,),
    # Wait up to 1, 2, 4, 8 and 16 seconds, with jitter, so that tasks that failed together do not retry together.
    retry_backoff=True,
    retry_jitter=True,
    max_retries=5,
)
def order_confirm_task(*, order_id: str) -> None:
    """Write the confirmation email of an order. If all retries fail, `orders_confirm_due` confirms it later."""
    confirmation.order_confirm(order_id=order_id)


@shared_task
def orders_confirm_due_task() -> None:
    """Confirm the orders whose task was lost."""
    confirmation.orders_confirm_due()


@shared_task
def orders_expire_task() -> None:
    """Cancel unpaid orders."""
    services.orders_expire()


@shared_task
def daily_report_send_task() -> None:
    """Email yesterday's figures to the managers."""
    reports.daily_report_send()
