"""The app of orders."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Orders, and what happens to them."""

    name = "apps.orders"
