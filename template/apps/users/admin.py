"""Accounts in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from apps.users.models import User
from apps.users.services import user_delete, user_welcome


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """A new account: an email address and a password."""

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("email",)
        field_classes = {}


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Accounts, searchable by email address and name."""

    add_form = UserCreationForm
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("email", "first_name", "last_name")
    # Ids sort by creation, and are indexed.
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:  # noqa: FBT001
        """Save an account, and send a welcome email if it is new."""
        super().save_model(request, obj, form, change)
        if not change:
            user_welcome(user=obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete an account as its owner would: soft-deleted, without personal data."""
        user_delete(user=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete the selected accounts in the same way."""
        for user in queryset:
            user_delete(user=user)
