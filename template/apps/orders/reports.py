"""What the managers are told each morning."""

from datetime import date, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from apps.mail.services import mail_send
from apps.orders.models import DailyReport
from apps.orders.selectors import day_figures
from apps.users.roles import Role
from apps.users.selectors import role_emails

log = structlog.get_logger(__name__)


@transaction.atomic
def daily_report_send(*, day: date | None = None) -> bool:
    """Mail the managers what a day brought, yesterday unless given, and say whether this call did.

    A day is told once, however often this is called: of several at once, the others wait and find it done.
    """
    day = day or timezone.localdate() - timedelta(days=1)
    report, is_new = DailyReport.objects.get_or_create(day=day, defaults=dict(day_figures(day=day)))
    if not is_new:
        return False
    for address in role_emails(role=Role.MANAGER):
        mail_send(recipient=address, template="daily_report", context={"report": report})
    log.info("daily_report_sent", day=f"{day}")
    return True
