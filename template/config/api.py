"""Your routes under `/api/v1/`. This file is yours: updates of the template leave it alone.

For example: `path("billing/", include("apps.billing.urls"))`.
"""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
