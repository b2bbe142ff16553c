"""Factories of the catalog."""

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
    """A product on sale for 12.00 including tax, with 10 units in stock."""

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
    """A reservation of one unit."""

    class Meta:
        model = StockMovement

    product = SubFactory(ProductFactory)
    change = -1
