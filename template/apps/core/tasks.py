"""Tasks that every app may send."""

from smtplib import SMTPException

from celery import shared_task
from celery.contrib.django.task import DjangoTask

from apps.core.mail import deliver


@shared_task(
    base=DjangoTask, autoretry_for=(OSError, SMTPException), max_retries=8, retry_backoff=True, retry_backoff_max=3600
)
def mail_deliver(*, recipient: str, template: str, context: dict[str, str]) -> None:
    """Send one mail. Tries again, less and less often, for about four hours while the server is away."""
    deliver(recipient=recipient, template=template, context=context)
