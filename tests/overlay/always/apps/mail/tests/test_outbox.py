"""The outbox, with a real SMTP server that is stopped, refuses and does not reply."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from anymail.exceptions import AnymailAPIError  # type: ignore[import-untyped]
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.management import call_command
from django.utils import timezone

from apps.mail import delivery
from apps.mail.admin import OutboxEmailAdmin
from apps.mail.console import ConsoleBackend
from apps.mail.delivery import INTERRUPTED_AFTER, MAX_SECONDS, mail_deliver, mail_deliver_due
from apps.mail.models import OutboxEmail
from config.env import BASE_DIR
from tests.concurrency import run_in_parallel, wait_until
from tests.environment import environment
from tests.smtp import MailServer, email_backend, mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Return a mail server that is running."""
    with mail_server() as server:
        server.start()
        yield server


def write(recipient: str = "ada@example.com") -> OutboxEmail:
    return OutboxEmail.objects.create(recipient=recipient, subject="Hello", text="Hello Ada", html="<p>Hello Ada</p>")


@contextmanager
def later(**wait: float) -> Iterator[None]:
    """Continue at another time."""
    with time_machine.travel(timezone.now() + timedelta(**wait)):
        yield


def test_sent_email_has_both_texts_and_a_stable_message_id(server: MailServer) -> None:
    mail = write()

    assert mail_deliver(mail_id=mail.pk)

    [(recipient, content)] = server.received
    assert recipient == "ada@example.com"
    assert content.count("Hello Ada") == 2
    assert f"<{mail.pk}@" in content
    assert not OutboxEmail.objects.exists()


def test_email_is_sent_once_when_the_server_is_back(server: MailServer) -> None:
    server.stop()
    mail = write()
    assert not mail_deliver(mail_id=mail.pk)
    server.start()
    assert mail_deliver_due() == 0

    with later(minutes=1, seconds=1):
        assert [mail_deliver_due(), mail_deliver_due()] == [1, 0]

    assert len(server.received) == 1


def test_refused_email_does_not_delay_others(server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    server.refusal = "550 Nobody here"
    write()
    assert mail_deliver_due() == 0
    server.refusal = None
    write("grace@example.com")

    assert mail_deliver_due() == 1

    waiting = OutboxEmail.objects.get()
    assert "Nobody here" in waiting.last_error
    lines = [record.getMessage() for record in caplog.records if record.name == "apps.mail.delivery"]
    assert not [line for line in lines if "ada@example.com" in line]


@pytest.mark.parametrize(
    "broken",
    [{"subject": "Hello\nBcc: everybody@example.com"}, {"recipient": '"\x1e0@:"@example.com'}],
    ids=["subject", "recipient"],
)
def test_email_that_cannot_be_rendered_does_not_delay_others(server: MailServer, broken: dict[str, str]) -> None:
    OutboxEmail.objects.filter(pk=write().pk).update(**broken)
    write()

    assert mail_deliver_due() == 1

    assert OutboxEmail.objects.get().attempts == 1


def test_wait_doubles_up_to_an_hour(server: MailServer) -> None:
    server.stop()
    waiting, waits = write(), []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(9):
            mail_deliver_due()
            waiting.refresh_from_db()
            waits.append((waiting.retry_at - timezone.now()) / timedelta(minutes=1))
            clock.move_to(waiting.retry_at)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_email_is_tried_every_hour_for_days_and_then_given_up(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    first = write()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while OutboxEmail.objects.filter(pk=first.pk).exists():
            assert mail_deliver_due() == 0
            clock.shift(timedelta(hours=1))

    assert "mail_given_up" in caplog.text
    assert caplog.text.count("mail_not_sent") > 100


def test_run_stops_at_its_deadline(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write(f"{number}@example.com")
    # Each email takes the whole time.
    monkeypatch.setattr(delivery, "monotonic", lambda: MAX_SECONDS * len(server.received))

    assert [mail_deliver_due(), mail_deliver_due()] == [2, 1]


@pytest.mark.django_db(transaction=True)
def test_of_eight_parallel_deliveries_one_sends(server: MailServer) -> None:
    mail = write()

    outcomes = run_in_parallel(*[lambda: mail_deliver(mail_id=mail.pk)] * 8)

    assert sorted(map(bool, outcomes)) == [False] * 7 + [True]
    assert len(server.received) == 1


SEND = """
import django
django.setup()
from apps.mail.delivery import mail_deliver_due
mail_deliver_due()
"""


@pytest.mark.django_db(transaction=True)
def test_email_of_a_killed_process_is_sent_again_only_on_request(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.is_silent = True
    mail = write()
    variables = {**environment(), "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
    with subprocess.Popen([sys.executable, "-c", SEND], cwd=BASE_DIR, env=variables) as sender:  # noqa: S603 - fixed
        try:
            wait_until(lambda: bool(server.received) or sender.poll() is not None)
        finally:
            sender.kill()
    assert sender.returncode == -9
    server.is_silent = False

    call_command("deliver_mail", "--retry-interrupted")  # too early: the process could still be sending
    assert len(server.received) == 1
    with later(seconds=INTERRUPTED_AFTER.total_seconds() + 1):
        write("grace@example.com")
        assert [mail_deliver_due(), mail_deliver_due()] == [1, 0]
        assert not mail_deliver(mail_id=mail.pk)
        assert caplog.text.count("mail_interrupted") == 2

        output = StringIO()
        call_command("deliver_mail", "--retry-interrupted", stdout=output)
    assert output.getvalue() == "1 sent\n"
    assert [recipient for recipient, _ in server.received[1:]] == ["grace@example.com", "ada@example.com"]
    assert not OutboxEmail.objects.exists()


@pytest.mark.parametrize("name", ["console", "test"])
def test_email_is_sent_through_django_anymail(name: str) -> None:
    with email_backend(f"anymail.backends.{name}.EmailBackend"):
        assert mail_deliver(mail_id=write().pk)

    assert not OutboxEmail.objects.exists()


def test_error_of_django_anymail_is_retried(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_message: EmailMultiAlternatives) -> int:
        raise AnymailAPIError("ada@example.com is on a list")

    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", fail)
        assert not mail_deliver(mail_id=write().pk)
    assert "AnymailAPIError" in caplog.text
    assert "is on a list" not in caplog.text
    with later(minutes=2):
        assert mail_deliver_due() == 1


def test_admin_shows_no_text_because_it_contains_password_reset_links() -> None:
    assert not {"text", "html"} & {*OutboxEmailAdmin.list_display, *OutboxEmailAdmin.fields}


def test_console_prints_a_long_link_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    link = f"https://example.com/?token={'x' * 200}"

    ConsoleBackend().send_messages([EmailMessage("Héllo", f"Open it:\n\n{link}\n", to=["ada@example.com"])])

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["To: ada@example.com", "Subject: Héllo"]
    assert link in lines
