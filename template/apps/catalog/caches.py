"""What catalog keeps in the cache: the names it is invalidated by (`apps.core.caching`), and for how many seconds."""

from uuid import UUID

PRODUCTS = "catalog.products"
PRODUCTS_SECONDS = 5 * 60

CATEGORIES = "catalog.categories"
CATEGORIES_SECONDS = 60 * 60

STATISTICS_SECONDS = 10 * 60


def statistics_of(product_id: UUID) -> str:
    """Return the name of the statistics of a product."""
    return f"catalog.statistics.{product_id}"
