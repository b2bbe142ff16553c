"""Print emails on the terminal, for development."""

import sys
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class ConsoleBackend(BaseEmailBackend):
    """Print the text of an email as a person reads it. Django's own backend prints it encoded, with long links cut."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for mail in messages:
            sys.stdout.write(f"To: {', '.join(mail.to)}\nSubject: {mail.subject}\n\n{mail.body}\n{'-' * 79}\n")
        sys.stdout.flush()
        return len(messages)
