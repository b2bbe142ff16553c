from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from apps.catalog.models import Product
from apps.catalog.tests.factories import ProductFactory, StockMovementFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("price", "tax_rate", "total"),
    [("10.00", "0.20", "12.00"), ("1.15", "0.10", "1.27"), ("9999999.99", "1", "19999999.98"), ("0", "0.20", "0.00")],
)
def test_total_price_includes_tax_rounded_half_up(price: str, tax_rate: str, total: str) -> None:
    product = ProductFactory.create(price=Decimal(price), tax_rate=Decimal(tax_rate))

    assert product.total_price == Decimal(total)


def test_total_price_follows_a_queryset_update() -> None:
    product = ProductFactory.create()

    Product.objects.update(price=Decimal(20))

    product.refresh_from_db()
    assert product.total_price == Decimal("24.00")


@pytest.mark.parametrize(
    "values",
    [
        {"price": Decimal("-0.01")},
        {"price": Decimal(10_000_000)},
        {"tax_rate": Decimal("1.01")},
        {"stock": -1},
        {"is_deleted": True},
    ],
)
def test_database_refuses_an_invalid_product(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="catalog_product_"), transaction.atomic():
        ProductFactory.create(**values)


def test_database_refuses_a_movement_of_nothing() -> None:
    with pytest.raises(IntegrityError, match="catalog_stockmovement_change_not_zero"), transaction.atomic():
        StockMovementFactory.create(change=0)


def test_sku_of_a_deleted_product_stays_taken() -> None:
    ProductFactory.create(sku="MUG-1").soft_delete()

    with pytest.raises(IntegrityError, match="sku"), transaction.atomic():
        ProductFactory.create(sku="MUG-1")


def test_referenced_rows_cannot_be_deleted() -> None:
    movement = StockMovementFactory.create()

    with pytest.raises(ProtectedError):
        movement.product.category.delete()
    with pytest.raises(ProtectedError):
        movement.product.delete()


def test_models_have_readable_names() -> None:
    movement = StockMovementFactory.create(product__sku="MUG-1", product__name="Mug", change=3)

    assert str(movement.product) == "MUG-1 Mug"
    assert str(movement.product.category) == movement.product.category.name
    assert str(movement) == f"+3 of {movement.product_id}"
