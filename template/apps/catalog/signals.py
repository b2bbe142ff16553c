"""Signal receivers.

Categories have no services: the admin, fixtures and the shell change them, and all of these send signals.
`QuerySet.update` and `bulk_create` do not. Products are invalidated by their services.
"""

from typing import Any

from apps.catalog.caches import CATEGORIES, PRODUCTS
from apps.core.caching import invalidate_on_commit


def invalidate_categories(**_kwargs: Any) -> None:
    """Invalidate the cached categories, and the lists of products that show them."""
    invalidate_on_commit(CATEGORIES, PRODUCTS)
