"""Writing and sending mail."""

from collections.abc import Mapping

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def deliver(*, recipient: str, template: str, context: Mapping[str, object]) -> None:
    """Send one mail, now. Services use `apps.core.services.mail_send`, which waits for the commit.

    Args:
        recipient: The address.
        template: The folder under `templates/mail/` that holds `subject.txt`, `body.txt` and `body.html`.
        context: What the templates are filled with, besides `domain`.

    Raises:
        OSError: The mail server is away (`smtplib.SMTPException` is one).
    """
    values = {"domain": settings.DOMAIN_NAME, **context}
    subject, text, html = (
        render_to_string(f"mail/{template}/{part}", values) for part in ("subject.txt", "body.txt", "body.html")
    )
    message = EmailMultiAlternatives(subject=" ".join(subject.split()), body=text, to=[recipient])
    message.attach_alternative(html, "text/html")
    message.send()
