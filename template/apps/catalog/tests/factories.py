"""Made-up products."""

from decimal import Decimal

from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory

from apps.catalog.models import Category, Product, StockMovement


class CategoryFactory(DjangoModelFactory[Category]):
    """A category."""

    class Meta:
        model = Category

    name = Sequence(lambda number: f"Category {number}")
    slug = Sequence(lambda number: f"category-{number}")


class ProductFactory(DjangoModelFactory[Product]):
    """A product on sale for 12.00, tax included, of which there are 10."""

    class Meta:
        model = Product

    sku = Sequence(lambda number: f"SKU-{number}")
    name = Sequence(lambda number: f"Product {number}")
    description = "One of a kind."
    category = SubFactory(CategoryFactory)
    price = Decimal("10.00")
    tax_rate = Decimal("0.20")
    stock = 10


class StockMovementFactory(DjangoModelFactory[StockMovement]):
    """One unit that was taken."""

    class Meta:
        model = StockMovement

    product = SubFactory(ProductFactory)
    change = -1
