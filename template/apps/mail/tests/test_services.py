import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.mail.models import OutboxEmail
from apps.mail.services import mail_send

pytestmark = pytest.mark.django_db

LINK = "https://example.com/account/?token=a:b"


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
