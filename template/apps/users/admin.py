"""Accounts in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist import admin as _registers_tokens  # noqa: F401
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from apps.users.models import User
from apps.users.services import user_delete, user_welcome

if TYPE_CHECKING:
    UserAdminBase = DjangoUserAdmin[User]
    UserCreationFormBase = AdminUserCreationForm[User]
else:
    UserAdminBase = DjangoUserAdmin
    UserCreationFormBase = AdminUserCreationForm

# A refresh token is a way in, and nothing to look at.
admin.site.unregister([BlacklistedToken, OutstandingToken])


class UserCreationForm(UserCreationFormBase):
    """A new account: an address and a password."""

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("email",)
        field_classes = {}


@admin.register(User)
class UserAdmin(UserAdminBase):
    """Accounts, found by address or name."""

    add_form = UserCreationForm
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("email", "first_name", "last_name")
    # By id is by creation, and has an index.
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:  # noqa: FBT001
        """Save, and welcome whoever is new."""
        super().save_model(request, obj, form, change)
        if not change:
            user_welcome(user=obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete as users delete themselves: what points at the row keeps its place."""
        user_delete(user=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Do the same for those who are ticked."""
        for user in queryset:
            user_delete(user=user)
