"""Your routes under `/api/v1/`. `make app` adds to this list. Template updates leave this file alone."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
