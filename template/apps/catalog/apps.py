"""The app of catalog."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Products and their stock."""

    name = "apps.catalog"
