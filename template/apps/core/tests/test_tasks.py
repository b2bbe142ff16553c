import smtplib

import pytest
from celery.exceptions import Retry
from django.conf import settings
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from apps.core.tasks import mail_deliver


def test_a_mail_is_tried_again_while_the_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([smtplib.SMTPServerDisconnected("away"), ConnectionRefusedError("away")])
    send = EmailBackend.send_messages

    def fail_twice(backend: EmailBackend, messages: list[object]) -> int:
        for failure in failures:
            raise failure
        return send(backend, messages)  # type: ignore[arg-type]

    monkeypatch.setattr(EmailBackend, "send_messages", fail_twice)

    result = mail_deliver.apply(
        kwargs={"recipient": "ada@example.com", "template": "welcome", "context": {"name": "Ada"}}
    )

    assert result.successful()
    assert len(mail.outbox) == 1


def test_no_wait_is_so_long_that_redis_hands_the_task_out_twice() -> None:
    wait = getattr(mail_deliver, "retry_backoff_max")  # noqa: B009 - known to Celery, not to its types

    assert wait < settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


def test_a_bug_is_not_tried_again() -> None:
    result = mail_deliver.apply(kwargs={"recipient": "a@example.com", "template": "no-such", "context": {}})

    assert result.failed()
    assert not isinstance(result.result, Retry)
