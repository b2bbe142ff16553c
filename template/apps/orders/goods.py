"""What orders sell: the one place of this app that knows where goods come from.

To sell something else, put its own `Offer`, `stock_reserve` and `stock_release` here, and `products_seed` for the demo
data. `docs/patterns.md` says what they promise.
"""

from apps.catalog.demo import DEMO_PRODUCT_ID, products_seed
from apps.catalog.services import Offer, stock_release, stock_reserve

__all__ = ["DEMO_PRODUCT_ID", "Offer", "products_seed", "stock_release", "stock_reserve"]
