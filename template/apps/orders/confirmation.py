"""The mail that confirms an order."""

from datetime import timedelta
from itertools import islice
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.mail.services import mail_send
from apps.orders.models import Order
from apps.orders.selectors import oldest_first
from apps.orders.states import ENDED

log = structlog.get_logger(__name__)

# An order that is still unconfirmed after this was forgotten: its task got lost, or never sent.
FORGOTTEN_AFTER = timedelta(minutes=1)
# The most orders that one run confirms, so that it ends within the time limit of its task.
MAX_PER_RUN = 500


@transaction.atomic
def order_confirm(*, order_id: UUID | str) -> bool:
    """Write the mail that confirms an order, and say whether this call did.

    However often and by however many at once it is called, an order is confirmed once: the mail and the note that it
    is written are one transaction, and the row of the order is locked meanwhile.
    """
    # The row of the order alone: nobody waits for the customer's.
    waiting = _unconfirmed().select_for_update(of=("self",), no_key=True).select_related("customer")
    order = waiting.filter(pk=order_id).first()
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
    """Confirm up to `MAX_PER_RUN` orders whose confirmation was lost, and return how many."""
    forgotten = _unconfirmed().filter(created_at__lt=timezone.now() - FORGOTTEN_AFTER).only("created_at")
    confirmed = 0
    for order in islice(oldest_first(forgotten), MAX_PER_RUN):
        try:
            confirmed += order_confirm(order_id=order.pk)
        except Exception:  # what one order meets must not hold up the others
            log.exception("order_not_confirmed", order_id=str(order.pk))
    return confirmed


def _unconfirmed() -> QuerySet[Order]:
    """Return the orders that still stand, and whose customer has not been told."""
    return Order.objects.filter(confirmed_at=None, customer__is_active=True).exclude(status__in=ENDED)
