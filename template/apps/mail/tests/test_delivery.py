from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from zeal import zeal_ignore

from apps.mail.delivery import GIVE_UP_AFTER, INTERRUPTED_AFTER, mail_deliver, mail_deliver_due, mail_retry_interrupted
from apps.mail.models import OutboxEmail

pytestmark = pytest.mark.django_db

RECIPIENT = "ada@example.com"


def write() -> OutboxEmail:
    return OutboxEmail.objects.create(recipient=RECIPIENT, subject="Hello", text="Hello Ada", html="<p>Hello Ada</p>")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let the email backend refuse every recipient, until the patch is undone."""

    def refuse(message: EmailMultiAlternatives) -> int:
        raise SMTPRecipientsRefused(dict.fromkeys(message.to, (450, b"Busy")))

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    return monkeypatch


def test_sent_email_leaves_the_outbox_and_is_not_sent_again() -> None:
    waiting = write()

    assert [mail_deliver(mail_id=waiting.pk), mail_deliver(mail_id=waiting.pk)] == [True, False]

    assert [message.to for message in mail.outbox] == [[RECIPIENT]]
    assert not OutboxEmail.objects.exists()


def test_failed_email_is_retried_with_backoff(failing: pytest.MonkeyPatch) -> None:
    waiting = write()
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock, zeal_ignore():
        for _ in range(9):
            assert mail_deliver_due() == 0
            waiting.refresh_from_db()
            waits.append((waiting.retry_at - timezone.now()) / timedelta(minutes=1))
            clock.move_to(waiting.retry_at)
        failing.undo()

        assert mail_deliver_due() == 1

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("failing")
def test_failed_email_is_given_up_after_days_and_logged_without_its_recipient(caplog: pytest.LogCaptureFixture) -> None:
    waiting = write()

    with time_machine.travel(waiting.created_at + GIVE_UP_AFTER + timedelta(seconds=1)):
        assert not mail_deliver(mail_id=waiting.pk)

    assert not OutboxEmail.objects.exists()
    assert "mail_given_up" in caplog.text
    assert RECIPIENT not in caplog.text


def test_email_of_a_process_that_died_is_not_sent_again_until_it_is_reset(caplog: pytest.LogCaptureFixture) -> None:
    OutboxEmail.objects.filter(pk=write().pk).update(sending_started_at=timezone.now() - INTERRUPTED_AFTER)

    with zeal_ignore():
        assert mail_deliver_due() == 0
        assert "mail_interrupted" in caplog.text

        mail_retry_interrupted()
        assert mail_deliver_due() == 1
