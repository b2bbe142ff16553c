"""Against a real mail server, present, absent and unfriendly."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command
from django.utils import timezone
from zeal import zeal_ignore

from apps.mail import delivery
from apps.mail.delivery import GIVE_UP_AFTER, ROUND_SECONDS, Outcome, mail_deliver, mail_deliver_due
from apps.mail.models import OutgoingMail
from tests.concurrency import at_once
from tests.smtp import MailServer, mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Return a mail server that is away until it is started."""
    with mail_server() as server:
        yield server


def write(recipient: str = "ada@example.com") -> OutgoingMail:
    return OutgoingMail.objects.create(recipient=recipient, subject="Hello", text="Hello Ada", html="<p>Hello Ada</p>")


def test_what_is_sent_is_gone_from_the_table(server: MailServer) -> None:
    server.start()
    waiting = write()

    assert mail_deliver(mail_id=waiting.pk) is Outcome.SENT

    [(recipient, content)] = server.received
    assert recipient == "ada@example.com"
    assert content.count("Hello Ada") == 2
    assert f"<{waiting.pk}@" in content
    assert not OutgoingMail.objects.exists()


def test_mail_outlasts_a_server_that_is_away_and_goes_out_once_when_it_is_back(server: MailServer) -> None:
    waiting = write()
    assert mail_deliver(mail_id=waiting.pk) is Outcome.AWAY
    server.start()
    assert mail_deliver_due() == 0  # not yet: its time has not come

    with time_machine.travel(timezone.now() + timedelta(minutes=1, seconds=1)), zeal_ignore():
        assert [mail_deliver_due(), mail_deliver_due()] == [1, 0]

    assert len(server.received) == 1


def test_attempts_grow_rarer_up_to_one_an_hour() -> None:
    waiting = write()
    waits = []
    with zeal_ignore():
        for _ in range(9):
            waiting.refresh_from_db()
            now = timezone.now()
            assert waiting.claim(now)
            waits.append(OutgoingMail.objects.get().send_after - now)

    assert [wait / timedelta(minutes=1) for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_server_that_is_away_is_asked_once_in_a_round(server: MailServer) -> None:
    for number in range(3):
        write(f"{number}@example.com")

    assert mail_deliver_due() == 0

    assert sorted(OutgoingMail.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_a_round_ends_when_its_time_is_up(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    for number in range(3):
        write(f"{number}@example.com")
    # Each takes all of the time.
    monkeypatch.setattr(delivery, "monotonic", lambda: ROUND_SECONDS * len(server.received))

    with zeal_ignore():
        assert [mail_deliver_due(), mail_deliver_due()] == [2, 1]


def test_a_recipient_who_is_refused_for_now_holds_up_nobody_and_is_tried_again(server: MailServer) -> None:
    server.start()
    server.refusal = "450 Busy"
    for number in range(2):
        write(f"{number}@example.com")

    with zeal_ignore():
        assert mail_deliver_due() == 0

    assert list(OutgoingMail.objects.values_list("attempts", flat=True)) == [1, 1]


def test_a_recipient_who_is_refused_for_good_is_dropped_and_logged(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.start()
    server.refusal = "550 Nobody here"

    assert mail_deliver(mail_id=write().pk) is Outcome.REFUSED

    assert not OutgoingMail.objects.exists()
    [line] = [record.getMessage() for record in caplog.records if record.name == "apps.mail.delivery"]
    assert "mail_given_up" in line
    assert "ada@example.com" not in line


@pytest.mark.parametrize(
    "broken",
    [{"subject": "Hello\nBcc: everybody@example.com"}, {"recipient": '"\x1e0@:"@example.com'}],
    ids=["subject", "recipient"],
)
def test_a_mail_that_cannot_be_put_into_words_holds_up_nobody(
    server: MailServer, caplog: pytest.LogCaptureFixture, broken: dict[str, str]
) -> None:
    server.start()
    OutgoingMail.objects.filter(pk=write().pk).update(**broken)
    write()

    with zeal_ignore():
        assert mail_deliver_due() == 1

    assert "mail_given_up" in caplog.text
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(("reply", "left"), [("554 Spam", 0), ("451 Later", 2)])
def test_a_mail_whose_content_is_refused_holds_up_nobody(server: MailServer, reply: str, left: int) -> None:
    server.start()
    server.content_refusal = reply
    for number in range(2):
        write(f"{number}@example.com")

    with zeal_ignore():
        mail_deliver_due()

    assert [mail.attempts for mail in OutgoingMail.objects.all()] == [1] * left


def test_a_bug_that_one_mail_meets_holds_up_nobody_and_is_logged(
    server: MailServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    first, _ = write("first@example.com"), write("second@example.com")
    send = EmailMultiAlternatives.send

    def fail_for_the_first(message: EmailMultiAlternatives) -> int:
        if message.to == [first.recipient]:
            raise LookupError("a bug")
        return send(message)

    monkeypatch.setattr(EmailMultiAlternatives, "send", fail_for_the_first)

    with zeal_ignore():
        assert mail_deliver_due() == 1
    assert "a bug" in caplog.text
    assert OutgoingMail.objects.get().recipient == "first@example.com"
    with time_machine.travel(timezone.now() + GIVE_UP_AFTER + timedelta(minutes=1)):
        assert mail_deliver_due() == 0
    assert not OutgoingMail.objects.exists()


def test_a_mail_is_given_up_after_days_and_logged(server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    waiting = write()

    with time_machine.travel(waiting.created_at + GIVE_UP_AFTER + timedelta(seconds=1)):
        assert mail_deliver(mail_id=waiting.pk) is Outcome.REFUSED

    assert not OutgoingMail.objects.exists()
    assert "mail_given_up" in caplog.text


def test_the_command_sends_what_waits(server: MailServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.start()
    write()

    call_command("deliver_mail")

    assert re.search(r"^1 sent$", capsys.readouterr().out, re.MULTILINE)
    assert len(server.received) == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_send_at_once_one_does(server: MailServer) -> None:
    server.start()
    waiting = write()

    outcomes = at_once(*[lambda: mail_deliver(mail_id=waiting.pk)] * 8)

    assert (outcomes.count(Outcome.SENT), outcomes.count(Outcome.SKIPPED)) == (1, 7)
    assert len(server.received) == 1
