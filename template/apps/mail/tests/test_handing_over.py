"""A process that is killed while it sends, and a server that says nothing: no mail is lost, and none goes out twice."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from zeal import zeal_ignore

from apps.mail.delivery import GIVE_UP_AFTER, Outcome, mail_deliver, mail_deliver_due
from apps.mail.models import OutgoingMail
from config.env import BASE_DIR
from tests.concurrency import at_once
from tests.smtp import MailServer, mail_server
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

SEND = """
import django
django.setup()
from apps.mail.delivery import mail_deliver_due
mail_deliver_due()
"""


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Return a mail server that is there."""
    with mail_server() as server:
        server.start()
        yield server


def write(recipient: str = "ada@example.com") -> OutgoingMail:
    return OutgoingMail.objects.create(recipient=recipient, subject="Hello", text="Hello Ada", html="<p>Hello Ada</p>")


@contextmanager
def later(**wait: float) -> Iterator[None]:
    """Go on at another time, where nothing is said of queries that several rounds repeat."""
    with time_machine.travel(timezone.now() + timedelta(**wait)), zeal_ignore():
        yield


def kill_sender(environment: dict[str, str], server: MailServer, *, when: Callable[[], object]) -> None:
    """Have a process send what waits, and kill it at some moment."""
    environment = {**environment, "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}
    command = [sys.executable, "-c", SEND]
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment) as sender:  # noqa: S603 - fixed
        try:
            wait_until(lambda: bool(when()) or sender.poll() is not None)
        finally:
            sender.kill()
    assert sender.returncode == -9
    server.silent_at = None


def unknown_in(caplog: pytest.LogCaptureFixture) -> int:
    """Return how often the log says that nobody can tell; never with the recipient."""
    lines = [record.getMessage() for record in caplog.records if record.name == "apps.mail.delivery"]
    assert not [line for line in lines if "ada@example.com" in line]
    return len([line for line in lines if "mail_outcome_unknown" in line])


@pytest.mark.parametrize("silent_at", ["RCPT", "DATA"])
def test_who_is_killed_before_the_content_loses_nothing(
    environment: dict[str, str], server: MailServer, silent_at: str
) -> None:
    server.silent_at = silent_at
    write()

    kill_sender(environment, server, when=lambda: server.asked if silent_at == "RCPT" else server.is_asked_for_data)

    assert OutgoingMail.objects.get().handed_over_at is None

    with later(minutes=2):
        assert [mail_deliver_due(), mail_deliver_due()] == [1, 0]
    assert len(server.received) == 1
    assert not OutgoingMail.objects.exists()


def test_who_is_killed_before_the_answer_sends_nothing_twice(
    environment: dict[str, str], server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.silent_at = "content"
    waiting = write()

    kill_sender(environment, server, when=lambda: server.received)

    assert OutgoingMail.objects.get().handed_over_at
    with later(minutes=2):
        write("grace@example.com")
        assert [mail_deliver_due(), mail_deliver_due()] == [1, 0]
        assert mail_deliver(mail_id=waiting.pk) is Outcome.SKIPPED
    with later(days=4):
        assert mail_deliver_due() == 0
        assert unknown_in(caplog) == 1
        assert [str(mail) for mail in OutgoingMail.objects.all()] == ["Hello to ada@example.com"]
        assert [recipient for recipient, _ in server.received] == ["ada@example.com", "grace@example.com"]

        call_command("deliver_mail", "--retry-unknown")
    assert [recipient for recipient, _ in server.received[2:]] == ["ada@example.com"]
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("reply", [None, "gibberish", "299 Who knows"])
def test_a_mail_that_is_not_answered_is_left_to_a_person(
    server: MailServer, caplog: pytest.LogCaptureFixture, reply: str | None
) -> None:
    server.silent_at, server.hangs_up, server.content_refusal = "content", True, reply
    write()

    assert mail_deliver_due() == 0

    server.silent_at = server.content_refusal = None
    received = len(server.received)
    call_command("deliver_mail", "--retry-unknown")  # too soon: as if the server could still answer
    with later(days=4):
        assert mail_deliver_due() == 0
    assert unknown_in(caplog) == 1
    assert len(server.received) == received
    with time_machine.travel(OutgoingMail.objects.get().created_at + GIVE_UP_AFTER, tick=False), zeal_ignore():
        assert mail_deliver_due() == 0
    assert not OutgoingMail.objects.exists()
    assert unknown_in(caplog) == caplog.text.count("mail_given_up") == 1


def test_a_mail_that_is_refused_for_now_is_tried_again(server: MailServer) -> None:
    server.content_refusal = "451 Later"
    assert mail_deliver(mail_id=write().pk) is Outcome.REFUSED

    server.content_refusal = None
    with later(minutes=2):
        assert mail_deliver_due() == 1

    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("refusal", "outcome"), [(None, Outcome.AWAY), ("421 Going down", Outcome.REFUSED), ("451 Later", Outcome.REFUSED)]
)
def test_a_server_that_has_not_seen_the_content_gets_the_mail_another_time(
    server: MailServer, refusal: str | None, outcome: Outcome
) -> None:
    server.data_refusal = refusal
    if refusal is None:
        server.silent_at, server.hangs_up = "DATA", True

    assert mail_deliver(mail_id=write().pk) is outcome
    assert OutgoingMail.objects.get().handed_over_at is None

    server.data_refusal = server.silent_at = None
    with later(minutes=2):
        assert mail_deliver_due() == 1
    assert len(server.received) == 1


def test_who_meets_a_mail_that_is_just_being_sent_leaves_it_alone(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = write()
    waiting.hand_over()

    with later(minutes=2):
        assert mail_deliver(mail_id=waiting.pk) is Outcome.SKIPPED
        # And whose server refuses it for now can be followed by another attempt soon.
        waiting.take_back()
    with later(minutes=5):
        assert mail_deliver_due() == 1
    assert unknown_in(caplog) == 0
    assert len(server.received) == 1


def test_a_server_that_does_not_answer_is_asked_once_in_a_round(server: MailServer) -> None:
    server.silent_at, server.hangs_up = "content", True
    for number in range(3):
        write(f"{number}@example.com")

    assert mail_deliver_due() == 0

    assert len(server.received) == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_whose_attempts_overlap_one_sends(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # As after a minute in which each of them stood still.
    monkeypatch.setattr(OutgoingMail, "claim", lambda _mail, _now: True)
    waiting = write()

    outcomes = at_once(*[lambda: mail_deliver(mail_id=waiting.pk)] * 8)

    assert (outcomes.count(Outcome.SENT), outcomes.count(Outcome.SKIPPED)) == (1, 7)
    assert len(server.received) == 1
