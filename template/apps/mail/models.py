"""The outbox."""

from django.db import models
from django.utils import timezone

from apps.core.models import TimeStampedModel, UUIDModel


class OutboxEmail(UUIDModel, TimeStampedModel):
    """An email that is not sent yet. The row is deleted when the email backend has accepted the email."""

    recipient = models.EmailField()
    # The longest line that an email may have (RFC 5322, section 2.1.1).
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    retry_at = models.DateTimeField(default=timezone.now, db_index=True)
    # Set while a process sends the email, and left behind if that process dies: then the email may have been sent.
    sending_started_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "outbox email"
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"
