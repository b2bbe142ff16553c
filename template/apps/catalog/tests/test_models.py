from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import ProtectedError
from pytest_django import DjangoAssertNumQueries

from apps.catalog.models import Category, Product
from apps.catalog.selectors import product_list
from apps.catalog.tests.factories import CategoryFactory, ProductFactory, StockMovementFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("price", "tax_rate", "total"),
    [
        ("10.00", "0.20", "12.00"),
        # Half a cent, which a binary fraction would take for less.
        ("1.15", "0.10", "1.27"),
        ("0.50", "0.01", "0.51"),
        ("1.07", "0.07", "1.14"),
        ("9999999.99", "1", "19999999.98"),
        ("0", "0.20", "0.00"),
    ],
)
def test_the_total_is_rounded_to_cents_half_a_cent_upwards(price: str, tax_rate: str, total: str) -> None:
    product = ProductFactory.create(price=Decimal(price), tax_rate=Decimal(tax_rate))

    assert product.total_price == Decimal(total)


def test_the_total_follows_a_price_that_no_model_wrote() -> None:
    product = ProductFactory.create()

    Product.objects.update(price=Decimal(20))

    product.refresh_from_db()
    assert product.total_price == Decimal("24.00")


@pytest.mark.parametrize(
    "values",
    [
        {"price": Decimal("-0.01")},
        {"price": Decimal(10_000_000)},
        {"tax_rate": Decimal("-0.01")},
        {"tax_rate": Decimal("1.01")},
        {"stock": -1},
        {"is_deleted": True},
    ],
)
def test_the_database_refuses_a_product_that_cannot_be(values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="catalog_product_"), transaction.atomic():
        ProductFactory.create(**values)


def test_a_movement_moves_something() -> None:
    with pytest.raises(IntegrityError, match="catalog_stockmovement_change_not_zero"), transaction.atomic():
        StockMovementFactory.create(change=0)


def test_the_sku_of_a_deleted_product_stays_taken() -> None:
    ProductFactory.create(sku="MUG-1").soft_delete()

    with pytest.raises(IntegrityError, match="sku"), transaction.atomic():
        ProductFactory.create(sku="MUG-1")


def test_what_something_hangs_on_is_not_deleted() -> None:
    movement = StockMovementFactory.create()

    with pytest.raises(ProtectedError):
        movement.product.category.delete()
    with pytest.raises(ProtectedError):
        movement.product.delete()


def test_a_product_is_checked_without_a_database(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Django 6.1 would ask, and keep.
    monkeypatch.delitem(connections["default"].__dict__, "pg_version", raising=False)
    monkeypatch.delitem(connections["default"].features.__dict__, "is_postgresql_18", raising=False)

    with django_assert_num_queries(0):
        assert Product.check(databases=["default"]) == []

    assert "pg_version" not in vars(connections["default"])


def test_the_models_say_what_they_are() -> None:
    movement = StockMovementFactory.create(product__sku="MUG-1", product__name="Mug", change=3)

    assert str(CategoryFactory.build(name="Kitchen")) == "Kitchen"
    assert str(movement.product) == "MUG-1 Mug"
    assert str(movement) == f"+3 of {movement.product_id}"


@pytest.fixture
def category() -> Category:
    """Return one of many categories, of products at many prices, which PostgreSQL has looked at."""
    categories = CategoryFactory.create_batch(20)
    Product.objects.bulk_create(
        ProductFactory.build(category=category, price=Decimal(price))
        for category in categories
        for price in range(1, 101)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product")
    return categories[0]


def test_a_page_of_a_category_is_one_stretch_of_an_index(category: Category) -> None:
    plan = product_list().filter(category=category).order_by("-id")[:25].explain()

    assert "catalog_product_by_category" in plan
    assert "Sort" not in plan


@pytest.mark.usefixtures("category")
def test_a_range_of_prices_is_found_by_an_index() -> None:
    assert "catalog_product_by_price" in product_list().filter(total_price__gte=Decimal(119)).explain()
