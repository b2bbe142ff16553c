"""The names of cached values (`apps.core.caching`), and their timeouts in seconds."""

from uuid import UUID

PRODUCTS = "catalog.products"
PRODUCTS_TIMEOUT = 5 * 60

CATEGORIES = "catalog.categories"
CATEGORIES_TIMEOUT = 60 * 60

STATISTICS_TIMEOUT = 10 * 60


def statistics_cache_name(product_id: UUID) -> str:
    """Return the name under which the statistics of a product are cached."""
    return f"catalog.statistics.{product_id}"
