"""Read products, their statistics and categories."""

from datetime import datetime, timedelta
from typing import TypedDict, cast
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.catalog.caches import CATEGORIES, CATEGORIES_TIMEOUT, STATISTICS_TIMEOUT, statistics_cache_name
from apps.catalog.exceptions import ProductNotFoundError
from apps.catalog.models import Category, Product, StockMovement
from apps.core.caching import cached

STATISTICS_PERIOD = timedelta(days=30)


class ProductStatistics(TypedDict):
    """The stock movements of a product in the last 30 days."""

    reserved: int
    returned: int
    movements: int
    last_movement_at: str | None


class CategoryRow(TypedDict):
    """A category in a list."""

    name: str
    slug: str


def product_list() -> QuerySet[Product]:
    """Return the products on sale with their categories, without the descriptions, which lists do not show."""
    return Product.objects.filter(is_active=True).select_related("category").defer("description")


def product_get(*, product_id: UUID, is_staff: bool = False) -> Product:
    """Return a product with its category. Products that are off sale are visible to staff only.

    Raises:
        ProductNotFoundError: The product does not exist, or is not visible to the caller.
    """
    products = Product.objects.select_related("category").filter(pk=product_id)
    product = (products if is_staff else products.filter(is_active=True)).first()
    if product is None:
        raise ProductNotFoundError("There is no such product.")
    return product


def product_statistics(*, product_id: UUID) -> ProductStatistics:
    """Return the stock movements of a product in the last 30 days, with one query, or two if they are not cached.

    Raises:
        ProductNotFoundError: The product does not exist.
    """

    def compute() -> ProductStatistics:
        since = timezone.now() - STATISTICS_PERIOD
        figures = StockMovement.objects.filter(product=product_id, created_at__gte=since).aggregate(
            taken=Coalesce(Sum("change", filter=Q(change__lt=0)), 0),
            returned=Coalesce(Sum("change", filter=Q(change__gt=0)), 0),
            movements=Count("id"),
            last=Max("created_at"),
        )
        last = cast("datetime | None", figures["last"])
        return {
            "reserved": -figures["taken"],
            "returned": figures["returned"],
            "movements": figures["movements"],
            "last_movement_at": last.isoformat() if last else None,
        }

    product_get(product_id=product_id, is_staff=True)
    return cached(statistics_cache_name(product_id), timeout=STATISTICS_TIMEOUT, compute=compute)


def category_list() -> list[CategoryRow]:
    """Return all categories by name, from the cache or with one query."""

    def compute() -> list[CategoryRow]:
        return [{"name": category.name, "slug": category.slug} for category in Category.objects.order_by("name")]

    return cached(CATEGORIES, timeout=CATEGORIES_TIMEOUT, compute=compute)
