"""Tasks of the mail app. All are idempotent."""

from celery import shared_task

from apps.mail.delivery import mail_deliver, mail_deliver_due


@shared_task
def mail_deliver_task(*, mail_id: str) -> None:
    """Send one email."""
    mail_deliver(mail_id=mail_id)


@shared_task
def mail_deliver_due_task() -> None:
    """Send the emails that are due. Beat starts this every minute."""
    mail_deliver_due()
