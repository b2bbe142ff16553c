"""Sending what `apps.mail.services.mail_send` wrote down. Run by tasks, and by `manage.py deliver_mail`."""

from datetime import timedelta
from email.errors import MessageError
from enum import Enum, auto
from smtplib import SMTPDataError, SMTPRecipientsRefused
from time import monotonic
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from apps.mail.models import HandedOverError, OutgoingMail
from apps.mail.smtp import ANSWER_SECONDS, before_content

log = structlog.get_logger(__name__)

# How long a mail is tried before it is given up. Source: RFC 5321, section 4.5.4.1.
GIVE_UP_AFTER = timedelta(days=5)
# One run ends after this many emails, or this many seconds.
ROUND = 500
ROUND_SECONDS = 50
# Replies from here on are refusals, and from there on final ones. Source: RFC 5321, section 4.2.1.
_REFUSED, _PERMANENT = 400, 500
# Whoever gave a server a mail has its answer by now, or will not get it: once for the content, once for the answer, and
# some more.
_ANSWERED_AFTER = timedelta(seconds=3 * ANSWER_SECONDS)


class Outcome(Enum):
    """How an attempt to send a mail ended."""

    SENT = auto()
    # Already sent, being sent by somebody else, left to a person, or not due.
    SKIPPED = auto()
    # This mail was at fault: the server refused its recipient or its content, or it cannot be put into words.
    REFUSED = auto()
    # The server did not do its part.
    AWAY = auto()


def mail_deliver(*, mail_id: UUID | str) -> Outcome:
    """Send one mail, and delete its row.

    What cannot be sent stays for later. What the server refuses for good is dropped, with an error in the log.
    The row is marked when the server is ready for the content and has none of it, and a mail that bears the mark is not
    sent again: where the answer is missing, because this process or the connection died, only a person can find out
    whether it arrived.
    """
    now = timezone.now()
    mail = OutgoingMail.objects.filter(pk=mail_id, send_after__lte=now).first()
    if mail is None or not mail.claim(now):
        return Outcome.SKIPPED
    if now - mail.created_at >= GIVE_UP_AFTER:
        log.error("mail_given_up", mail_id=str(mail_id))
        mail.delete()
        return Outcome.REFUSED
    if mail.handed_over_at:
        if now - mail.handed_over_at >= _ANSWERED_AFTER:  # by somebody who died of it
            _leave_to_a_person(mail)
        return Outcome.SKIPPED
    return _send(mail)


def mail_deliver_due() -> int:
    """Send every mail whose time has come, and return how many went.

    Running it twice, also at once, sends nothing twice. Stops at a server that is away, since the next mail would only
    wait for it as well, and when its time is up.
    """
    due = OutgoingMail.objects.filter(send_after__lte=timezone.now()).order_by("send_after")
    deadline = monotonic() + ROUND_SECONDS
    sent = 0
    for mail_id in due.values_list("pk", flat=True)[:ROUND]:
        if monotonic() > deadline:
            break
        try:
            outcome = mail_deliver(mail_id=mail_id)
        except Exception:  # a bug that one mail meets must not hold up the others
            log.exception("mail_not_sent", mail_id=str(mail_id))
            continue
        if outcome is Outcome.AWAY:
            break
        sent += outcome is Outcome.SENT
    return sent


def mail_retry_unknown() -> None:
    """Make those mails due again of which nobody can tell whether the server has them. They may arrive twice.

    Those of the last minutes are left alone, since a server may be about to answer.
    """
    now = timezone.now()
    unknown = OutgoingMail.objects.filter(handed_over_at__lt=now - _ANSWERED_AFTER)
    unknown.update(handed_over_at=None, send_after=now, updated_at=now)


def _send(mail: OutgoingMail) -> Outcome:
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[mail.recipient],
        headers={"Message-ID": f"<{mail.pk}@{settings.DOMAIN_NAME}>"},
    )
    message.attach_alternative(mail.html, "text/html")
    try:
        with before_content(mail.hand_over):
            message.send()
    except HandedOverError:
        return Outcome.SKIPPED
    except (ValueError, MessageError) as error:
        # No server has seen it, and none will: a line break in a header, for example. What the error says may name
        # the recipient, whom the log should not.
        log.error("mail_given_up", mail_id=str(mail.pk), error=type(error).__name__)  # noqa: TRY400
        mail.delete()
        return Outcome.REFUSED
    except OSError as error:  # smtplib's own are among them
        return _keep_or_drop(mail, error)
    # First, so that the log tells it to the person who is left with the row.
    log.info("mail_sent", mail_id=str(mail.pk))
    mail.delete()
    return Outcome.SENT


def _keep_or_drop(mail: OutgoingMail, error: OSError) -> Outcome:
    """Decide by what the server said of this very mail, its recipient and its content. Nothing: it is away.

    Where it has been given the content, nothing but a refusal says that it did not take it.
    """
    replies: list[int] = []
    if isinstance(error, SMTPRecipientsRefused):
        replies = [code for code, _ in error.recipients.values()]
    elif isinstance(error, SMTPDataError):
        replies = [error.smtp_code]
    # Without what the server said, for the same reason.
    facts = {"mail_id": str(mail.pk), "error": type(error).__name__, "replies": replies, "errno": error.errno}
    if mail.handed_over_at and (not replies or min(replies) < _REFUSED):
        _leave_to_a_person(mail, **facts)
        return Outcome.AWAY
    if replies and min(replies) >= _PERMANENT:
        log.error("mail_given_up", **facts)
        mail.delete()
    else:
        log.warning("mail_not_sent", **facts)
        if mail.handed_over_at:
            mail.take_back()
    return Outcome.REFUSED if replies else Outcome.AWAY


def _leave_to_a_person(mail: OutgoingMail, **facts: object) -> None:
    """Log once that nobody can tell whether the server has a mail, and let the rounds pass it by until its end."""
    log.error("mail_outcome_unknown", **{"mail_id": str(mail.pk), **facts})
    mail.leave_until(mail.created_at + GIVE_UP_AFTER)
