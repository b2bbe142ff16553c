"""Tasks of orders. All bear to run twice, and at once."""

from celery import shared_task
from django.db import OperationalError

from apps.orders import confirmation, reports, services


@shared_task(
    # The database is away, or somebody holds the row: that passes. Anything else is a bug, which trying again repeats.
    autoretry_for=(OperationalError,),
    # After 1, 2, 4, 8 and 16 seconds at most. By chance it is anything less, so that those who failed together do not
    # come back together.
    retry_backoff=True,
    retry_jitter=True,
    max_retries=5,
)
def order_confirm(*, order_id: str) -> None:
    """Write the mail that confirms an order. What fails for good is left to `orders_confirm_due`."""
    confirmation.order_confirm(order_id=order_id)


@shared_task
def orders_confirm_due() -> None:
    """Find orders that nobody confirmed, and do. Started every minute by the schedule."""
    confirmation.orders_confirm_due()


@shared_task
def orders_expire() -> None:
    """Cancel unpaid orders, up to a number that fits into the time limit. Started every hour by the schedule."""
    services.orders_expire(limit=1000)


@shared_task
def daily_report_send() -> None:
    """Mail the managers what yesterday brought."""
    reports.daily_report_send()
