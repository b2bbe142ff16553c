from io import StringIO

from django.core.mail import EmailMessage

from apps.mail.console import ConsoleBackend


def test_a_long_link_is_printed_in_one_piece() -> None:
    link = f"https://example.com/?token={'x' * 200}"
    terminal = StringIO()

    ConsoleBackend(stream=terminal).send_messages(
        [EmailMessage("Héllo", f"Open it:\n\n{link}\n", to=["ada@example.com"])]
    )

    lines = terminal.getvalue().splitlines()
    assert lines[:2] == ["To: ada@example.com", "Subject: Héllo"]
    assert link in lines
