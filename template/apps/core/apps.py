"""The app of what all apps share."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from apps.core.queries import watch


class CoreConfig(AppConfig):
    """The shared parts, with no tables of their own."""

    name = "apps.core"

    def ready(self) -> None:
        connection_created.connect(watch)
