"""Routes of catalog, under `/api/v1/catalog/`."""

from django.urls import URLPattern

app_name = "catalog"

urlpatterns: list[URLPattern] = []
