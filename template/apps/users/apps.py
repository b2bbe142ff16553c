"""The app of accounts."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Accounts and tokens."""

    name = "apps.users"
