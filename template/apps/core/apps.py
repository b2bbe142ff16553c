"""The app of what all apps share."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """The shared parts, with no tables of their own."""

    name = "apps.core"
