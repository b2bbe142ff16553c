"""Goods for the tests of orders: the one place of them that knows the catalog, as `apps.orders.goods` is of the code."""

from decimal import Decimal
from uuid import UUID

from apps.catalog.models import Product
from apps.catalog.tests.factories import ProductFactory


def goods(*, price: str = "10.00", stock: int = 100) -> UUID:
    """Return the id of something to order. With tax it costs a fifth more than its price."""
    return ProductFactory.create(price=Decimal(price), tax_rate=Decimal("0.20"), stock=stock).pk


def stock_of(product_id: UUID) -> int:
    """Return how many are left."""
    return Product.objects.values_list("stock", flat=True).get(pk=product_id)
