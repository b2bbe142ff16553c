"""Routes of orders, under `/api/v1/orders/`."""

from django.urls import URLPattern

app_name = "orders"

urlpatterns: list[URLPattern] = []
