"""The only module of this app that imports the catalog.

To sell something else, provide these names from another app: see "Sell something else" in `docs/patterns.md`.
"""

from apps.catalog.demo import DEMO_PRODUCT_ID, products_seed
from apps.catalog.services import PricedItem, stock_release, stock_reserve

__all__ = ["DEMO_PRODUCT_ID", "PricedItem", "products_seed", "stock_release", "stock_reserve"]
