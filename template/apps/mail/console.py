"""Mail on the terminal, for development."""

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend


class ConsoleBackend(EmailBackend):
    """Prints what a person would read. Django's own prints what is sent, where a long link may be cut in two."""

    def write_message(self, message: EmailMessage) -> None:
        """Print one mail."""
        self.stream.write(f"To: {', '.join(message.to)}\nSubject: {message.subject}\n\n{message.body}\n{'-' * 79}\n")
