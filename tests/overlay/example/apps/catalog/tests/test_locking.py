"""Products are locked in the order of their primary keys, so that no two transactions can deadlock."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.catalog import services
from apps.catalog.exceptions import InsufficientStockError
from apps.catalog.import_export import ImportReport, RowError, products_import
from apps.catalog.models import Category, Product, StockMovement
from apps.catalog.tests.factories import CategoryFactory, ProductFactory
from apps.core.models import generate_id
from tests.blocking import run_blocked
from tests.concurrency import run_in_parallel, short_lock_timeout

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "sku,name,category,price,tax_rate,stock"

SERVICES: dict[str, Callable[[list[UUID]], object]] = {
    "stock_reserve": lambda ids: services.stock_reserve(quantities=dict.fromkeys(ids, 1)),
    "stock_release": lambda ids: services.stock_release(quantities=dict.fromkeys(ids, 1)),
    "products_set_active": lambda ids: services.products_set_active(product_ids=ids, is_active=True),
    "prices_change": lambda ids: services.prices_change(product_ids=ids, percent=Decimal(10)),
}
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


@pytest.fixture
def product_ids() -> tuple[UUID, UUID]:
    """Return the ids of two products, in order. PostgreSQL finds the rows in the opposite order."""
    low, high = sorted([generate_id(), generate_id()])
    ProductFactory.create(pk=high, sku="MUG-1")
    ProductFactory.create(pk=low, sku="MUG-2")
    return low, high


@pytest.fixture
def category() -> Category:
    return CategoryFactory.create(slug="mugs")


def lock(product_id: UUID) -> None:
    """Lock a product, or fail after 20 ms."""
    with short_lock_timeout():
        assert list(Product.objects.select_for_update(no_key=True).filter(pk=product_id))


def import_rows(*rows: str) -> ImportReport:
    return products_import(lines=[HEADER + "\r\n", *(row + "\r\n" for row in rows)])


@each_service
def test_first_query_locks_all_rows_ordered_by_primary_key(
    service: Callable[[list[UUID]], object], product_ids: tuple[UUID, UUID]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        service(list(product_ids))

    first = next(query["sql"] for query in queries if "FROM" in query["sql"])
    assert first.endswith('ORDER BY "catalog_product"."id" ASC FOR NO KEY UPDATE OF "catalog_product"')


@each_service
def test_service_that_waits_for_a_row_holds_no_later_row(
    service: Callable[[list[UUID]], object], product_ids: tuple[UUID, UUID]
) -> None:
    low, high = product_ids

    run_blocked(lambda: service([high, low]), lock=lambda: lock(low), before_commit=lambda: lock(high))


def test_service_that_waited_reads_the_current_stock() -> None:
    product_id = ProductFactory.create(stock=1).pk

    def reserve() -> object:
        return services.stock_reserve(quantities={product_id: 1})

    assert isinstance(run_blocked(reserve, lock=reserve), InsufficientStockError)


def test_twenty_concurrent_reservations_of_five_units_are_never_oversold() -> None:
    first, second = (product.pk for product in ProductFactory.create_batch(2, stock=5))
    orders = [{first: 1, second: 1} if number % 2 else {second: 1, first: 1} for number in range(20)]

    outcomes = run_in_parallel(*(lambda order=order: services.stock_reserve(quantities=order) for order in orders))

    assert sum(isinstance(outcome, InsufficientStockError) for outcome in outcomes) == 15
    assert list(Product.objects.values_list("stock", flat=True)) == [0, 0]
    assert StockMovement.objects.count() == 10


def test_import_locks_existing_products_by_primary_key(product_ids: tuple[UUID, UUID], category: Category) -> None:
    low, high = product_ids

    report = run_blocked(
        lambda: import_rows("MUG-1,Mug,mugs,1.00,0.10,3", "MUG-2,Mug,mugs,1.00,0.10,3"),
        lock=lambda: lock(low),
        before_commit=lambda: lock(high),
    )

    assert report == ImportReport(updated=2)


def test_import_inserts_new_products_by_sku(category: Category) -> None:
    def create(sku: str) -> None:
        with short_lock_timeout():
            ProductFactory.create(sku=sku, category=category)

    report = run_blocked(
        lambda: import_rows("MUG-2,Mug,mugs,1.00,0.10,3", "MUG-1,Mug,mugs,1.00,0.10,3"),
        lock=lambda: create("MUG-1"),
        before_commit=lambda: create("MUG-2"),
    )

    assert isinstance(report, ImportReport)
    assert report.errors == []
    assert set(Product.objects.values_list("sku", "name")) == {("MUG-1", "Mug"), ("MUG-2", "Mug")}


def test_product_that_is_deleted_during_an_import_is_not_changed(category: Category) -> None:
    product = ProductFactory.create(sku="MUG-1")

    report = run_blocked(lambda: import_rows("MUG-1,Mug,mugs,1.00,0.10,3"), lock=product.soft_delete)

    assert report == ImportReport(errors=[RowError(2, "sku: A deleted product has this SKU.")])
    assert Product.all_objects.get().name != "Mug"
