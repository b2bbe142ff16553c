from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from apps.catalog import services
from apps.catalog.exceptions import (
    InsufficientStockError,
    PriceOutOfRangeError,
    ProductNotFoundError,
    ProductUnavailableError,
    SkuTakenError,
)
from apps.catalog.models import Category, Product, StockMovement
from apps.catalog.services import Offer
from apps.catalog.tests.factories import CategoryFactory, ProductFactory
from apps.core.ids import generate_id
from tests.concurrency import at_once, impatient, overtake

pytestmark = pytest.mark.django_db


def stock_of(product: Product) -> int:
    return Product.all_objects.values_list("stock", flat=True).get(pk=product.pk)


# Stock ------------------------------------------------------------------------


def test_what_is_reserved_leaves_the_stock_and_is_offered_at_the_price_with_tax() -> None:
    product = ProductFactory.create(stock=5)

    offers = services.stock_reserve(quantities={product.pk: 3})

    assert offers == [Offer(product.pk, product.sku, product.name, Decimal("12.00"))]
    assert stock_of(product) == 2
    assert StockMovement.objects.get().change == -3


def test_a_reservation_shows_when_the_product_was_changed() -> None:
    product = ProductFactory.create()

    services.stock_reserve(quantities={product.pk: 1})

    assert Product.objects.get().updated_at > product.updated_at


@pytest.mark.parametrize("count", [1, 10])
def test_a_reservation_takes_three_queries_however_many_products_there_are(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    products = [ProductFactory.create() for _ in range(count)]

    # In a transaction already, as orders reserve.
    with transaction.atomic(savepoint=False), django_assert_num_queries(5) as queries:
        services.stock_reserve(quantities={product.pk: 2 for product in products})

    assert sum("SAVEPOINT" not in query["sql"] for query in queries.captured_queries) == 3


def test_nothing_is_reserved_of_nothing() -> None:
    assert services.stock_reserve(quantities={}) == []


def test_what_is_not_for_sale_is_named_and_nothing_is_taken() -> None:
    sold, off_sale, deleted = (ProductFactory.create(is_active=is_active) for is_active in (True, False, True))
    deleted.soft_delete()
    unknown = uuid4()

    with pytest.raises(ProductUnavailableError) as refusal:
        services.stock_reserve(quantities=dict.fromkeys([sold.pk, off_sale.pk, deleted.pk, unknown], 1))

    assert all(str(pk) in refusal.value.detail for pk in (off_sale.pk, deleted.pk, unknown))
    assert str(sold.pk) not in refusal.value.detail
    assert stock_of(sold) == 10


def test_what_there_is_too_little_of_is_named_and_nothing_is_taken() -> None:
    enough, short = ProductFactory.create(), ProductFactory.create(sku="MUG-1", stock=2)

    with pytest.raises(InsufficientStockError, match=r"2 of MUG-1\."):
        services.stock_reserve(quantities={enough.pk: 1, short.pk: 3})

    assert stock_of(enough) == 10
    assert not StockMovement.objects.exists()


def test_what_is_released_comes_back_even_to_products_that_are_gone() -> None:
    off_sale, deleted = ProductFactory.create(is_active=False), ProductFactory.create()
    deleted.soft_delete()

    services.stock_release(quantities={off_sale.pk: 1, deleted.pk: 2})

    assert dict(Product.all_objects.values_list("pk", "stock")) == {off_sale.pk: 11, deleted.pk: 12}
    assert sorted(StockMovement.objects.values_list("change", flat=True)) == [1, 2]


@pytest.mark.parametrize("change", [services.stock_reserve, services.stock_release])
@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_that_would_turn_things_round_is_a_mistake(change: Callable[..., object], quantity: int) -> None:
    with pytest.raises(ValueError, match="start at 1"):
        change(quantities={ProductFactory.create().pk: quantity})


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_five_get_the_last_five_whatever_order_they_name_them_in() -> None:
    first, second = (ProductFactory.create(stock=5).pk for _ in range(2))
    orders = [{first: 1, second: 1} if number % 2 else {second: 1, first: 1} for number in range(20)]

    outcomes = at_once(*(lambda order=order: services.stock_reserve(quantities=order) for order in orders))

    refused = [outcome for outcome in outcomes if isinstance(outcome, InsufficientStockError)]
    assert len(refused) == 15
    assert list(Product.objects.values_list("stock", flat=True)) == [0, 0]
    assert StockMovement.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_prices_and_stock_change_at_once_and_neither_is_lost() -> None:
    products = [ProductFactory.create(stock=20).pk for _ in range(2)]
    ten_off = lambda: services.prices_change(product_ids=products[::-1], percent=Decimal(-10))  # noqa: E731
    reserve = lambda: services.stock_reserve(quantities=dict.fromkeys(products, 1))  # noqa: E731

    outcomes = at_once(*([ten_off, reserve] * 5))

    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    assert set(Product.objects.values_list("stock", "price")) == {(15, Decimal("5.90"))}


def products_out_of_order() -> list[UUID]:
    """Make two products that PostgreSQL comes across in the other order, and return their ids in that of the ids."""
    low, high = sorted([generate_id(), generate_id()])
    ProductFactory.create(pk=high)
    ProductFactory.create(pk=low)
    return [low, high]


def lock(product_id: UUID) -> None:
    assert list(Product.objects.select_for_update(no_key=True).filter(pk=product_id))


BY_KEY: dict[str, Callable[[list[UUID]], object]] = {
    "stock_reserve": lambda ids: services.stock_reserve(quantities=dict.fromkeys(ids, 1)),
    "stock_release": lambda ids: services.stock_release(quantities=dict.fromkeys(ids, 1)),
    "products_activate": lambda ids: services.products_activate(product_ids=ids),
    "products_deactivate": lambda ids: services.products_deactivate(product_ids=ids),
    "prices_change": lambda ids: services.prices_change(product_ids=ids, percent=Decimal(10)),
}


@pytest.mark.parametrize("change", BY_KEY.values(), ids=BY_KEY)
def test_rows_are_locked_in_the_order_of_their_keys_before_anything_is_changed(
    change: Callable[[list[UUID]], object],
) -> None:
    ids = products_out_of_order()

    with CaptureQueriesContext(connection) as queries:
        change(ids)

    [first, *_] = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert first.endswith('ORDER BY "catalog_product"."id" ASC FOR NO KEY UPDATE OF "catalog_product"')


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", BY_KEY.values(), ids=BY_KEY)
def test_who_waits_for_a_row_holds_none_that_comes_after_it(change: Callable[[list[UUID]], object]) -> None:
    low, high = products_out_of_order()

    def lock_the_other() -> None:
        # Fails where somebody has it.
        with impatient():
            lock(high)

    overtake(lambda: change([high, low]), hold=lambda: lock(low), meanwhile=lock_the_other)


@pytest.mark.django_db(transaction=True)
def test_who_waited_looks_at_what_is_left_by_then() -> None:
    product_id = ProductFactory.create(stock=1).pk

    def reserve() -> object:
        return services.stock_reserve(quantities={product_id: 1})

    assert isinstance(overtake(reserve, hold=reserve), InsufficientStockError)


# Products ---------------------------------------------------------------------


def test_a_product_is_made_in_the_category_that_its_slug_names() -> None:
    category = CategoryFactory.create(slug="mugs")

    product = services.product_create(sku="MUG-1", name="Mug", category="mugs", price=Decimal(10), stock=3)

    product.refresh_from_db()
    assert (product.category, product.total_price, product.stock) == (category, Decimal("12.00"), 3)


def test_a_category_that_does_not_exist_is_refused() -> None:
    product = ProductFactory.create()

    with pytest.raises(ValidationError, match="no such category"):
        services.product_create(sku="MUG-1", name="Mug", category="none", price=Decimal(10))
    with pytest.raises(ValidationError, match="no such category"):
        services.product_update(product_id=product.pk, category="none")


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_sku_is_given_once(is_deleted: bool) -> None:  # noqa: FBT001
    taken = ProductFactory.create(sku="MUG-1")
    if is_deleted:
        taken.soft_delete()

    with pytest.raises(SkuTakenError, match="MUG-1"):
        services.product_create(sku="MUG-1", name="Mug", category=taken.category.slug, price=Decimal(10))


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_take_a_sku_at_once_one_gets_it() -> None:
    category = CategoryFactory.create()

    def create() -> object:
        return services.product_create(sku="MUG-1", name="Mug", category=category.slug, price=Decimal(10))

    outcomes = at_once(*[create] * 10)

    assert sum(isinstance(outcome, SkuTakenError) for outcome in outcomes) == 9


def test_what_the_database_refuses_otherwise_is_no_taken_sku() -> None:
    with pytest.raises(IntegrityError):
        services.product_create(sku="MUG-1", name="Mug", category=CategoryFactory.create().slug, price=Decimal(-1))


def test_a_change_leaves_alone_what_it_does_not_name() -> None:
    product, category = ProductFactory.create(stock=5), CategoryFactory.create()

    services.product_update(product_id=product.pk, price=Decimal(20), category=category.slug)

    product.refresh_from_db()
    assert (product.price, product.total_price, product.category) == (Decimal(20), Decimal(24), category)
    assert (product.stock, product.description) == (5, "One of a kind.")


def test_what_is_gone_is_neither_changed_nor_deleted() -> None:
    product = ProductFactory.create()
    services.product_delete(product_id=product.pk)

    with pytest.raises(ProductNotFoundError):
        services.product_update(product_id=product.pk, name="Cup")
    with pytest.raises(ProductNotFoundError):
        services.product_delete(product_id=product.pk)
    assert Product.all_objects.get().is_deleted


def test_products_are_put_on_sale_and_taken_off() -> None:
    products = [ProductFactory.create().pk, ProductFactory.create().pk]
    other = ProductFactory.create()

    assert services.products_deactivate(product_ids=products) == 2
    assert list(Product.objects.filter(is_active=True)) == [other]
    assert services.products_activate(product_ids=products) == 2
    assert Product.objects.filter(is_active=True).count() == 3


@pytest.mark.parametrize(
    ("price", "percent", "expected"),
    [("10.05", "-10", "9.05"), ("0.05", "-10", "0.05"), ("10.00", "-100", "0.00"), ("10.00", "12.5", "11.25")],
)
def test_prices_change_by_some_percent_rounded_to_cents(price: str, percent: str, expected: str) -> None:
    product = ProductFactory.create(price=Decimal(price))

    assert services.prices_change(product_ids=[product.pk], percent=Decimal(percent)) == 1

    product.refresh_from_db()
    assert product.price == Decimal(expected)


@pytest.mark.parametrize("percent", ["-100.01", "100000000"])
def test_prices_stay_in_their_range(percent: str) -> None:
    product = ProductFactory.create()

    with pytest.raises(PriceOutOfRangeError, match="beyond"):
        services.prices_change(product_ids=[product.pk], percent=Decimal(percent))

    product.refresh_from_db()
    assert product.price == Decimal(10)


def test_categories_are_not_made_by_the_way() -> None:
    ProductFactory.create()

    assert Category.objects.count() == 1
