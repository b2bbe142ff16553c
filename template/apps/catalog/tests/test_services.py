from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from apps.catalog import services
from apps.catalog.exceptions import (
    InsufficientStockError,
    PriceOutOfRangeError,
    ProductNotFoundError,
    ProductUnavailableError,
    SkuTakenError,
)
from apps.catalog.models import Product, StockMovement
from apps.catalog.services import PricedItem
from apps.catalog.tests.factories import CategoryFactory, ProductFactory
from tests.concurrency import run_in_parallel

pytestmark = pytest.mark.django_db


def stock_of(product: Product) -> int:
    return Product.all_objects.values_list("stock", flat=True).get(pk=product.pk)


# Stock ------------------------------------------------------------------------


def test_reservation_takes_units_and_returns_the_price_with_tax() -> None:
    product = ProductFactory.create(stock=5)

    items = services.stock_reserve(quantities={product.pk: 3})

    assert items == [PricedItem(product.pk, product.sku, product.name, Decimal("12.00"))]
    assert stock_of(product) == 2
    assert StockMovement.objects.get().change == -3
    assert Product.objects.get().updated_at > product.updated_at


@pytest.mark.parametrize("count", [1, 10])
def test_reservation_takes_three_queries_for_any_number_of_products(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    quantities = {product.pk: 2 for product in ProductFactory.create_batch(count)}

    with transaction.atomic(savepoint=False), django_assert_num_queries(5) as queries:
        services.stock_reserve(quantities=quantities)

    assert sum("SAVEPOINT" not in query["sql"] for query in queries.captured_queries) == 3


def test_reservation_of_an_unavailable_product_names_it_and_takes_nothing() -> None:
    on_sale, off_sale, deleted = (ProductFactory.create(is_active=is_active) for is_active in (True, False, True))
    deleted.soft_delete()
    unknown = uuid4()

    with pytest.raises(ProductUnavailableError) as error:
        services.stock_reserve(quantities=dict.fromkeys([on_sale.pk, off_sale.pk, deleted.pk, unknown], 1))

    assert all(str(pk) in error.value.detail for pk in (off_sale.pk, deleted.pk, unknown))
    assert str(on_sale.pk) not in error.value.detail
    assert stock_of(on_sale) == 10


def test_reservation_of_too_many_units_names_the_product_and_takes_nothing() -> None:
    enough, short = ProductFactory.create(), ProductFactory.create(sku="MUG-1", stock=2)

    with pytest.raises(InsufficientStockError, match=r"2 of MUG-1\."):
        services.stock_reserve(quantities={enough.pk: 1, short.pk: 3})

    assert stock_of(enough) == 10
    assert not StockMovement.objects.exists()


def test_release_returns_units_of_unavailable_products_too() -> None:
    off_sale, deleted = ProductFactory.create(is_active=False), ProductFactory.create()
    deleted.soft_delete()

    services.stock_release(quantities={off_sale.pk: 1, deleted.pk: 2})

    assert dict(Product.all_objects.values_list("pk", "stock")) == {off_sale.pk: 11, deleted.pk: 12}
    assert sorted(StockMovement.objects.values_list("change", flat=True)) == [1, 2]


@pytest.mark.parametrize("service", [services.stock_reserve, services.stock_release])
@pytest.mark.parametrize("quantity", [0, -1])
def test_quantity_below_one_is_refused(service: Callable[..., object], quantity: int) -> None:
    with pytest.raises(ValueError, match="start at 1"):
        service(quantities={ProductFactory.create().pk: quantity})


@pytest.mark.django_db(transaction=True)
def test_concurrent_changes_of_prices_and_stock_are_all_kept() -> None:
    products = [product.pk for product in ProductFactory.create_batch(2, stock=20)]

    outcomes = run_in_parallel(
        *[lambda: services.prices_change(product_ids=products[::-1], percent=Decimal(-10))] * 5,
        *[lambda: services.stock_reserve(quantities=dict.fromkeys(products, 1))] * 5,
    )

    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    assert set(Product.objects.values_list("stock", "price")) == {(15, Decimal("5.90"))}


# Products ---------------------------------------------------------------------


def test_product_is_created_in_its_category() -> None:
    category = CategoryFactory.create(slug="mugs")

    product = services.product_create(sku="MUG-1", name="Mug", category="mugs", price=Decimal(10), stock=3)

    product.refresh_from_db()
    assert (product.category, product.total_price, product.stock) == (category, Decimal("12.00"), 3)


def test_unknown_category_is_refused() -> None:
    product = ProductFactory.create()

    with pytest.raises(ValidationError, match="no such category"):
        services.product_create(sku="MUG-1", name="Mug", category="none", price=Decimal(10))
    with pytest.raises(ValidationError, match="no such category"):
        services.product_update(product_id=product.pk, category="none")


@pytest.mark.parametrize("is_deleted", [False, True])
def test_sku_of_another_product_is_refused(is_deleted: bool) -> None:  # noqa: FBT001
    taken = ProductFactory.create(sku="MUG-1")
    if is_deleted:
        taken.soft_delete()

    with pytest.raises(SkuTakenError, match="MUG-1"):
        services.product_create(sku="MUG-1", name="Mug", category=taken.category.slug, price=Decimal(10))


@pytest.mark.django_db(transaction=True)
def test_one_of_several_concurrent_requests_gets_a_sku() -> None:
    category = CategoryFactory.create()

    outcomes = run_in_parallel(
        *[lambda: services.product_create(sku="MUG-1", name="Mug", category=category.slug, price=Decimal(10))] * 5
    )

    assert sum(isinstance(outcome, SkuTakenError) for outcome in outcomes) == 4


def test_other_integrity_errors_are_not_reported_as_a_taken_sku() -> None:
    with pytest.raises(IntegrityError):
        services.product_create(sku="MUG-1", name="Mug", category=CategoryFactory.create().slug, price=Decimal(-1))


def test_update_changes_only_the_given_fields() -> None:
    product, category = ProductFactory.create(stock=5), CategoryFactory.create()

    services.product_update(product_id=product.pk, price=Decimal(20), category=category.slug)

    product.refresh_from_db()
    assert (product.price, product.total_price, product.category) == (Decimal(20), Decimal(24), category)
    assert (product.stock, product.description) == (5, "One of a kind.")


def test_deleted_product_cannot_be_changed_or_deleted_again() -> None:
    product = ProductFactory.create()
    services.product_delete(product_id=product.pk)

    with pytest.raises(ProductNotFoundError):
        services.product_update(product_id=product.pk, name="Cup")
    with pytest.raises(ProductNotFoundError):
        services.product_delete(product_id=product.pk)
    assert Product.all_objects.get().is_deleted


def test_products_are_put_on_sale_and_taken_off_sale() -> None:
    product_ids = [product.pk for product in ProductFactory.create_batch(2)]
    other = ProductFactory.create()

    assert services.products_set_active(product_ids=product_ids, is_active=False) == 2
    assert list(Product.objects.filter(is_active=True)) == [other]
    assert services.products_set_active(product_ids=product_ids, is_active=True) == 2
    assert Product.objects.filter(is_active=True).count() == 3


@pytest.mark.parametrize(
    ("price", "percent", "expected"),
    [("10.05", "-10", "9.05"), ("0.05", "-10", "0.05"), ("10.00", "-100", "0.00"), ("10.00", "12.5", "11.25")],
)
def test_prices_change_by_a_percentage_rounded_to_cents(price: str, percent: str, expected: str) -> None:
    product = ProductFactory.create(price=Decimal(price))

    assert services.prices_change(product_ids=[product.pk], percent=Decimal(percent)) == 1

    product.refresh_from_db()
    assert product.price == Decimal(expected)


@pytest.mark.parametrize("percent", ["-100.01", "100000000"])
def test_price_out_of_range_is_refused(percent: str) -> None:
    product = ProductFactory.create()

    with pytest.raises(PriceOutOfRangeError, match="out of the range"):
        services.prices_change(product_ids=[product.pk], percent=Decimal(percent))

    product.refresh_from_db()
    assert product.price == Decimal(10)
