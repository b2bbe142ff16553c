import smtplib

import pytest
from django.core.mail import EmailMessage

from apps.mail.smtp import SMTPBackend, before_content
from tests.smtp import mail_server


def test_mail_that_is_in_no_table_goes_as_ever() -> None:
    with mail_server() as server:
        server.start()

        EmailMessage("Hello", "Hello", to=["admin@example.com"]).send()

    assert [recipient for recipient, _ in server.received] == ["admin@example.com"]


@pytest.mark.parametrize("use_ssl", [False, True])
def test_either_kind_of_connection_asks_before_it_gives_the_content(use_ssl: bool) -> None:  # noqa: FBT001 - from pytest
    connection = SMTPBackend(alias="default", host="127.0.0.1", port=25, use_ssl=use_ssl).connection_class()
    assert isinstance(connection, smtplib.SMTP_SSL) is use_ssl

    def refuse() -> None:
        raise LookupError

    # It is not connected: to go on would be another error.
    with before_content(refuse), pytest.raises(LookupError):
        connection.data(b"Hello")
