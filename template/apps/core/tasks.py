"""Tasks that every app may send."""

from smtplib import SMTPException

from celery import shared_task

from apps.core.mail import deliver


# Seconds. No wait may reach the visibility timeout, or Redis hands the waiting task out a second time.
@shared_task(
    autoretry_for=(OSError, SMTPException), max_retries=40, retry_backoff=10, retry_backoff_max=500, retry_jitter=False
)
def mail_deliver(*, recipient: str, template: str, context: dict[str, str]) -> None:
    """Send one mail. Tries again, less and less often, for five hours while the server is away."""
    deliver(recipient=recipient, template=template, context=context)
