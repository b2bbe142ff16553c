"""The daily report to the managers."""

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
    """Email the figures of a day to the managers, and return whether this call sent them.

    Each day is reported once. Concurrent calls wait for each other on the unique `day`.

    Args:
        day: The day to report. Default: yesterday.
    """
    day = day or timezone.localdate() - timedelta(days=1)
    report, is_new = DailyReport.objects.get_or_create(day=day, defaults=dict(day_figures(day=day)))
    if not is_new:
        return False
    for address in role_emails(role=Role.MANAGER):
        mail_send(recipient=address, template="daily_report", context={"report": report})
    log.info("daily_report_sent", day=f"{day}")
    return True
