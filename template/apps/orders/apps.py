"""The configuration of the app."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Orders and their items."""

    name = "apps.orders"
