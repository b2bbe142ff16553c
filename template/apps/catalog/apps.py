"""The configuration of the app."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save

from apps.catalog.signals import invalidate_categories


class CatalogConfig(AppConfig):
    """Products and their stock."""

    name = "apps.catalog"

    def ready(self) -> None:
        for signal in (post_save, post_delete):
            signal.connect(invalidate_categories, sender="catalog.Category")
