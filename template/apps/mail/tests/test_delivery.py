from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.mail.delivery import GIVE_UP_AFTER, INTERRUPTED_AFTER, mail_deliver, mail_deliver_due
from apps.mail.models import OutboxEmail
from apps.mail.services import mail_send

pytestmark = pytest.mark.django_db

RECIPIENT = "ada@example.com"
LINK = "https://example.com/account/?token=a:b"


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
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            assert mail_deliver_due() == 0
            waiting.refresh_from_db()
            waits.append(waiting.retry_at - timezone.now())
            clock.move_to(waiting.retry_at)
        failing.undo()

        assert mail_deliver_due() == 1

    assert timedelta() < waits[0] <= waits[1] <= waits[2]
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

    assert mail_deliver_due() == 0
    assert "mail_interrupted" in caplog.text

    assert mail_deliver_due(retry_interrupted=True) == 1


def test_email_is_sent_after_the_commit_as_text_and_html(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        mail_send(recipient="ada@example.com", template="welcome", context={"name": "Ada & <b>Co</b>", "link": LINK})
        assert mail.outbox == []
        assert OutboxEmail.objects.count() == 1

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.to == ["ada@example.com"]
    assert message.subject
    assert "Ada & <b>Co</b>" in str(message.body)
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    assert "Ada &amp; &lt;b&gt;Co&lt;/b&gt;" in str(html)
    assert f'href="{LINK}"' in str(html)
    assert LINK in str(message.body).splitlines()
    assert not OutboxEmail.objects.exists()


def test_email_of_a_rolled_back_transaction_is_not_sent(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        mail_send(recipient="ada@example.com", template="no_account", context={})
        transaction.set_rollback(True)

    assert mail.outbox == []
    assert not OutboxEmail.objects.exists()


def test_email_waits_for_the_commit_of_the_outermost_transaction(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic(), transaction.atomic():
        mail_send(recipient="ada@example.com", template="no_account", context={})

    assert len(callbacks) == 1
    assert mail.outbox == []
