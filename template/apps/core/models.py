"""Abstract base models, and the table of idempotency keys."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from uuid_utils.compat import uuid7


def generate_id() -> uuid.UUID:
    """Return a new UUIDv7 (RFC 9562): unique, and sorted by creation. Migrations import this function."""
    return uuid7()


class UUIDModel(models.Model):
    """A primary key that clients cannot guess and that sorts by creation."""

    id = models.UUIDField(primary_key=True, default=generate_id, editable=False)

    class Meta:
        abstract = True


class TimeStampedModel(models.Model):
    """The time of creation and of the last `save()`. `QuerySet.update()` does not set `updated_at`."""

    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class NotDeletedManager[ModelT: models.Model](models.Manager[ModelT]):
    """Rows that are not soft-deleted."""

    def get_queryset(self) -> models.QuerySet[ModelT]:
        return super().get_queryset().filter(is_deleted=False)


class SoftDeleteModel(models.Model):
    """A row that can be deleted and restored. Inherit the constraint: `class Meta(SoftDeleteModel.Meta)`."""

    is_deleted = models.BooleanField(default=False, db_index=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[NotDeletedManager[Self]] = NotDeletedManager()
    all_objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(is_deleted=False, deleted_at=None) | Q(is_deleted=True, deleted_at__isnull=False),
                name="%(app_label)s_%(class)s_deleted_has_time",
            ),
        ]

    def soft_delete(self) -> None:
        """Mark the row as deleted. A second call keeps the time of the first."""
        self.is_deleted, self.deleted_at = True, self.deleted_at or timezone.now()
        self.save(update_fields=["is_deleted", "deleted_at"])

    def restore(self) -> None:
        """Undo `soft_delete()`."""
        self.is_deleted, self.deleted_at = False, None
        self.save(update_fields=["is_deleted", "deleted_at"])


class IdempotencyKey(UUIDModel):
    """The response to a request that may be sent again (`apps.core.idempotency`)."""

    # The unique constraint begins with this column, and serves as its index.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    response = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="core_idempotencykey_once_per_user")]

    def __str__(self) -> str:
        return self.key
