"""The outbox in the admin: emails can be deleted, not added or changed."""

from django.contrib import admin
from django.http import HttpRequest

from apps.mail.models import OutboxEmail


@admin.register(OutboxEmail)
class OutboxEmailAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Show the emails that are not sent yet, without their texts: these contain password reset links."""

    list_display = ("recipient", "subject", "created_at", "attempts", "last_error", "retry_at", "sending_started_at")
    fields = readonly_fields = list_display

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False
