"""Mail that is not sent yet."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from apps.core.models import TimeStampedModel, UUIDModel

# Another try after 1, 2, 4 … minutes, and every hour in the end.
_LONGEST_WAIT_MINUTES = 60


class OutgoingMail(UUIDModel, TimeStampedModel):
    """One mail to one person. The row goes when the mail has gone, so what is here still has to be sent."""

    recipient = models.EmailField()
    # No line of a mail is longer (RFC 5322, section 2.1.1).
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField()
    attempts = models.PositiveSmallIntegerField(default=0)
    send_after = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "outgoing mail"
        verbose_name_plural = "outgoing mails"

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"

    def claim(self, now: datetime) -> bool:
        """Say whether this attempt is the caller's: of several at once, one gets it.

        Whoever gets it and dies is followed by the next attempt, when `send_after` has come.
        """
        wait = timedelta(minutes=min(2**self.attempts, _LONGEST_WAIT_MINUTES))
        mine = OutgoingMail.objects.filter(pk=self.pk, attempts=self.attempts)
        return mine.update(attempts=self.attempts + 1, send_after=now + wait, updated_at=now) == 1
