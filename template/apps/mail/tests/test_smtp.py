import smtplib
import time

import pytest
from django.core.mail import EmailMessage

from apps.mail import smtp
from apps.mail.smtp import SMTPBackend, before_content
from tests.smtp import mail_server

# As the settings have it.
COMMAND_SECONDS = 5


def test_mail_that_is_in_no_table_goes_as_ever() -> None:
    with mail_server() as server:
        server.start()

        EmailMessage("Hello", "Hello\n.\n..\nGoodbye", to=["admin@example.com"]).send()

    [(recipient, content)] = server.received
    assert recipient == "admin@example.com"
    assert "Hello\r\n.\r\n..\r\nGoodbye" in content


@pytest.mark.parametrize("use_ssl", [False, True])
def test_either_kind_of_connection_tells(use_ssl: bool) -> None:  # noqa: FBT001 - from pytest
    kind = SMTPBackend(alias="default", host="127.0.0.1", port=25, use_ssl=use_ssl).connection_class

    assert issubclass(kind, smtplib.SMTP_SSL) is use_ssl
    assert kind.getreply is SMTPBackend(alias="default", host="127.0.0.1", port=25).connection_class.getreply


def test_what_is_raised_before_the_content_keeps_it_back_and_nobody_waits_for_the_server() -> None:
    def refuse() -> None:
        raise LookupError

    with mail_server() as server:
        server.start()
        started = time.monotonic()

        with before_content(refuse), pytest.raises(LookupError):
            EmailMessage("Hello", "Hello", to=["admin@example.com"]).send()

    # QUIT would be content, and get no answer.
    assert time.monotonic() - started < COMMAND_SECONDS
    assert server.received == []


@pytest.mark.parametrize("refusal", ["450 Later", "554 Never", "250 Odd"])
def test_a_server_that_does_not_want_the_content_gets_none(refusal: str) -> None:
    told: list[str] = []
    with mail_server() as server:
        server.start()
        server.data_refusal = refusal

        with before_content(lambda: told.append("ready")), pytest.raises(smtplib.SMTPDataError) as error:
            EmailMessage("Hello", "Hello", to=["admin@example.com"]).send()

    assert error.value.smtp_code == int(refusal[:3])
    assert told == []
    assert server.received == []


def test_the_content_has_a_time_of_its_own_and_what_follows_that_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mail_server() as server:
        server.start()
        backend = SMTPBackend(alias="default", host="127.0.0.1", port=server.port)
        connection = backend.connection_class(backend.host, backend.port, timeout=COMMAND_SECONDS)
        assert connection.sendmail("noreply@example.com", ["admin@example.com"], b"Hello") == {}
        assert connection.sock
        assert connection.sock.gettimeout() == COMMAND_SECONDS

        # Shorter here, so that it shows.
        monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.1)
        server.silent_at = "content"
        started = time.monotonic()
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            connection.sendmail("noreply@example.com", ["admin@example.com"], b"Hello")

    assert time.monotonic() - started < COMMAND_SECONDS
