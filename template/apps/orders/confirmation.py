"""Send the confirmation emails of orders."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.mail.services import mail_send
from apps.orders.models import Order
from apps.orders.states import TERMINAL_STATUSES

log = structlog.get_logger(__name__)

# After this time the task of an unconfirmed order is considered lost.
CONFIRM_AFTER = timedelta(minutes=1)
# Orders per run, so that it ends within the time limit of its task.
MAX_PER_RUN = 500


@transaction.atomic
def order_confirm(*, order_id: UUID | str) -> bool:
    """Write the confirmation email of an order, and return whether this call wrote it.

    The row lock makes this idempotent: the email and `confirmed_at` are written in one transaction, once.
    """
    # Lock the order, and not the joined row of the customer.
    orders = _unconfirmed().select_for_update(of=("self",), no_key=True).select_related("customer")
    order = orders.filter(pk=order_id).first()
    if order is None:
        return False
    items = list(order.items.order_by("id"))
    context = {"name": order.customer.get_full_name() or order.customer.email, "order": order, "items": items}
    mail_send(recipient=order.customer.email, template="order_confirmation", context=context)
    order.confirmed_at = timezone.now()
    order.save(update_fields=["confirmed_at"])
    log.info("order_confirmed", order_id=str(order.pk))
    return True


def orders_confirm_due() -> int:
    """Confirm the orders whose task was lost, oldest first, and return how many were confirmed."""
    due = _unconfirmed().filter(created_at__lt=timezone.now() - CONFIRM_AFTER).order_by("created_at")
    confirmed = 0
    for order_id in due.values_list("pk", flat=True)[:MAX_PER_RUN]:
        try:
            confirmed += order_confirm(order_id=order_id)
        except Exception:  # one failing order must not stop the others
            log.exception("order_confirm_failed", order_id=str(order_id))
    return confirmed


def _unconfirmed() -> QuerySet[Order]:
    return Order.objects.filter(confirmed_at=None, customer__is_active=True).exclude(status__in=TERMINAL_STATUSES)
