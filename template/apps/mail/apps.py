"""The app of mail."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Mail that waits to be sent."""

    name = "apps.mail"
