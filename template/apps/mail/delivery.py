"""Send the emails of the outbox. Tasks and `manage.py deliver_mail` call this."""

from datetime import timedelta
from time import monotonic
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.utils import timezone

from apps.mail.models import OutboxEmail

log = structlog.get_logger(__name__)

# Source: RFC 5321, section 4.5.4.1.
GIVE_UP_AFTER = timedelta(days=5)
MAX_BACKOFF_MINUTES = 60
# An attempt that is still open after this time was interrupted: its process has died.
INTERRUPTED_AFTER = timedelta(minutes=10)
# Limits of one run: it ends before the next one starts, and within the time limit of its task.
MAX_PER_RUN, MAX_SECONDS = 500, 50


def mail_deliver(*, mail_id: UUID | str) -> bool:
    """Send one email, unless it is sent, being sent or not due, and return whether this call sent it.

    After an error, retry with exponential backoff until `GIVE_UP_AFTER`.
    """
    now = timezone.now()
    due = OutboxEmail.objects.filter(pk=mail_id, retry_at__lte=now, sending_started_at=None)
    # One atomic update locks the email: of several processes, only one sends it.
    if not due.update(sending_started_at=now, attempts=F("attempts") + 1):
        return False
    mail = OutboxEmail.objects.get(pk=mail_id)
    headers = {"Message-ID": f"<{mail.pk}@{settings.DOMAIN_NAME}>"}
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.recipient], headers=headers)
    message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except Exception as error:  # noqa: BLE001 - each email backend has its own errors
        _retry_later(mail, error)
        return False
    log.info("mail_sent", mail_id=str(mail.pk))
    mail.delete()
    return True


def _retry_later(mail: OutboxEmail, error: Exception) -> None:
    # The error's message stays out of the log, because it may contain the recipient's address.
    fields = {"mail_id": str(mail.pk), "attempts": mail.attempts, "error": type(error).__name__}
    now = timezone.now()
    if now - mail.created_at >= GIVE_UP_AFTER:
        log.error("mail_given_up", **fields)
        mail.delete()
        return
    log.warning("mail_not_sent", **fields)
    mail.last_error = f"{type(error).__name__}: {error}"
    mail.retry_at = now + timedelta(minutes=min(2 ** (mail.attempts - 1), MAX_BACKOFF_MINUTES))
    mail.sending_started_at = None
    mail.save()


def mail_deliver_due(*, retry_interrupted: bool = False) -> int:
    """Send the emails that are due, and return how many were sent. Parallel runs send no email twice.

    An email whose process died while sending it may have arrived. It is sent again only if `retry_interrupted` is true.
    """
    now, deadline = timezone.now(), monotonic() + MAX_SECONDS
    interrupted = OutboxEmail.objects.filter(sending_started_at__lt=now - INTERRUPTED_AFTER)
    if retry_interrupted:
        interrupted.update(sending_started_at=None, retry_at=now)
    elif count := interrupted.count():
        log.error("mail_interrupted", count=count)
    due = OutboxEmail.objects.filter(retry_at__lte=now, sending_started_at=None).order_by("retry_at")
    sent = 0
    for mail_id in due.values_list("pk", flat=True)[:MAX_PER_RUN]:
        if monotonic() > deadline:
            break
        sent += mail_deliver(mail_id=mail_id)
    return sent
