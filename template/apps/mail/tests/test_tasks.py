import pytest
from django.core import mail
from django.utils import timezone
from zeal import zeal_ignore

from apps.mail.models import OutgoingMail
from apps.mail.tasks import mail_deliver, mail_deliver_due

pytestmark = pytest.mark.django_db


def test_a_mail_is_sent_once_however_often_its_task_runs() -> None:
    waiting = OutgoingMail.objects.create(recipient="ada@example.com", subject="Hello", text="Hello", html="Hello")

    with zeal_ignore():
        for _ in range(2):
            mail_deliver.delay(mail_id=str(waiting.pk))

    assert len(mail.outbox) == 1


def test_mail_that_was_not_sent_is_found_and_sent_once() -> None:
    for number in range(3):
        OutgoingMail.objects.create(recipient=f"{number}@example.com", subject="Hello", text="Hello", html="Hello")
    later = OutgoingMail.objects.create(recipient="later@example.com", subject="Hello", text="Hello", html="Hello")
    assert later.claim(timezone.now())

    with zeal_ignore():
        for _ in range(2):
            mail_deliver_due.delay()

    assert sorted(message.to[0] for message in mail.outbox) == ["0@example.com", "1@example.com", "2@example.com"]
    assert [str(waiting) for waiting in OutgoingMail.objects.all()] == ["Hello to later@example.com"]
