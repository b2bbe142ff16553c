"""Tasks of mail. Both bear to run twice."""

from celery import shared_task

from apps.mail import delivery


@shared_task
def mail_deliver(*, mail_id: str) -> None:
    """Send one mail. What cannot be sent now is left to `mail_deliver_due`."""
    delivery.mail_deliver(mail_id=mail_id)


@shared_task
def mail_deliver_due() -> None:
    """Find mail that was not sent, and send it. Started every minute by the schedule."""
    delivery.mail_deliver_due()
