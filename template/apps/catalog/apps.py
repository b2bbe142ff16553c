"""The app of catalog."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save

from apps.catalog.signals import forget_categories


class CatalogConfig(AppConfig):
    """Products and their stock."""

    name = "apps.catalog"

    def ready(self) -> None:
        """Listen to changes of categories."""
        for signal in (post_save, post_delete):
            signal.connect(forget_categories, sender="catalog.Category")
