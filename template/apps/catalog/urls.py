"""Routes of catalog, under `/api/v1/catalog/`."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.catalog import views

app_name = "catalog"

router = SimpleRouter(use_regex_path=False)
router.register("products", views.ProductViewSet, basename="product")

urlpatterns = [path("categories/", views.CategoryListView.as_view(), name="category-list"), *router.urls]
