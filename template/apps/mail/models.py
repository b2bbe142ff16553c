"""Mail that is not sent yet."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from apps.core.models import TimeStampedModel, UUIDModel

# Another try after 1, 2, 4 … minutes, and every hour in the end.
_LONGEST_WAIT_MINUTES = 60


class HandedOverError(Exception):
    """A mail has been given to a server before, or is just now."""


class OutgoingMail(UUIDModel, TimeStampedModel):
    """One mail to one person. The row goes when the mail has gone, so what is here still has to be sent.

    But for one kind: what bears the time in `handed_over_at` may have gone.
    """

    recipient = models.EmailField()
    # No line of a mail is longer (RFC 5322, section 2.1.1).
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField()
    attempts = models.PositiveSmallIntegerField(default=0)
    send_after = models.DateTimeField(default=timezone.now, db_index=True)

    # Since when a server is being given the content. Until its answer is stored nobody can tell whether the server has
    # the mail, so what bears this time is not sent again unless a person says so.
    handed_over_at = models.DateTimeField(null=True)

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

    def hand_over(self) -> None:
        """Write down that a server is given this mail: of several who would do so, one may.

        Raises:
            HandedOverError: The mail has been handed over, or is gone. This attempt must not go on.
        """
        now = timezone.now()
        here = OutgoingMail.objects.filter(pk=self.pk, handed_over_at=None)
        if not here.update(handed_over_at=now, updated_at=now):
            raise HandedOverError(self.pk)
        self.handed_over_at = now

    def take_back(self) -> None:
        """Write down that the server did not take it."""
        self._handed_over().update(handed_over_at=None, updated_at=timezone.now())

    def leave_until(self, moment: datetime) -> None:
        """Let no attempt meet this mail, of which nobody can tell whether the server has it, before a moment."""
        self._handed_over().update(send_after=moment, updated_at=timezone.now())

    def _handed_over(self) -> models.QuerySet["OutgoingMail"]:
        """Return this mail, unless a person has said meanwhile that it is to be sent again."""
        return OutgoingMail.objects.filter(pk=self.pk, handed_over_at=self.handed_over_at)
