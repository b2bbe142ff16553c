"""What follows from a change of categories, whoever makes it.

Everything else here is invalidated by the service that changes it. Categories have no services: they are changed by the
admin, by fixtures, in a shell, and a signal is what all of these pass. (`QuerySet.update` and `bulk_create` do not.)
"""

from typing import Any

from apps.catalog.caches import CATEGORIES, PRODUCTS
from apps.core.caching import invalidate_on_commit


def forget_categories(**_kwargs: Any) -> None:
    """Forget the categories, and the products, which show theirs. A receiver of `post_save` and `post_delete`."""
    invalidate_on_commit(CATEGORIES, PRODUCTS)
