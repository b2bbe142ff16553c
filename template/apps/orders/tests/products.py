"""Products for the tests of orders: the only module of these tests that imports the catalog."""

from decimal import Decimal
from uuid import UUID

from apps.catalog.models import Product
from apps.catalog.tests.factories import ProductFactory


def product(*, price: str = "10.00", stock: int = 100) -> UUID:
    """Return the id of a new product with 20 % tax."""
    return ProductFactory.create(price=Decimal(price), tax_rate=Decimal("0.20"), stock=stock).pk


def stock_of(product_id: UUID) -> int:
    """Return the stock of a product."""
    return Product.objects.values_list("stock", flat=True).get(pk=product_id)
