from collections.abc import Callable
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.catalog import import_export
from apps.catalog.exceptions import InvalidFileError
from apps.catalog.import_export import ImportReport, products_export, products_import
from apps.catalog.models import Category, Product, StockMovement
from apps.catalog.services import stock_reserve
from apps.catalog.tests.factories import CategoryFactory, ProductFactory
from tests.concurrency import run_in_parallel

HEADER = "sku,name,category,price,tax_rate,stock"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


@pytest.fixture(autouse=True)
def category(db: None) -> Category:
    return CategoryFactory.create(slug="mugs")


def import_rows(*rows: str, header: str = HEADER) -> ImportReport:
    return products_import(lines=[header + "\r\n", *(row + "\r\n" for row in rows)])


def test_row_creates_a_product(category: Category) -> None:
    assert import_rows('MUG-1,"Mug, blue",mugs,10.00,0.10,3') == ImportReport(created=1)

    product = Product.objects.get()
    assert (product.sku, product.name, product.category) == ("MUG-1", "Mug, blue", category)
    assert (product.price, product.total_price, product.stock) == (Decimal(10), Decimal(11), 3)
    assert product.is_active


def test_row_updates_the_product_with_its_sku() -> None:
    product = ProductFactory.create(sku="MUG-1", is_active=False)

    report = import_rows("MUG-1,Mug,mugs,1.00,0.10,3", "MUG-2,Mug,mugs,1.00,0.10,3")

    assert report == ImportReport(created=1, updated=1)
    changed = Product.objects.get(sku="MUG-1")
    assert (changed.pk, changed.name, changed.price, changed.category.slug) == (product.pk, "Mug", Decimal(1), "mugs")
    assert changed.updated_at > product.updated_at
    assert (changed.description, changed.created_at, changed.is_active) == ("One of a kind.", product.created_at, False)
    assert not StockMovement.objects.exists()


def test_columns_can_be_in_any_order_and_blank_lines_are_skipped() -> None:
    assert import_rows("3,0.10,10.00,mugs,Mug,MUG-1", "", header="stock,tax_rate,price,category,name,sku").created == 1
    assert Product.objects.get().sku == "MUG-1"


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ("MUG-2,Mug,cups,1.00,0.10,3", "category: There is no category “cups”."),
        ("MUG-2,,mugs,1.00,0.10,3", "name: This field cannot be blank."),
        ("MUG 2,Mug,mugs,1.00,0.10,3", "sku: Enter a valid value."),
        ("MUG-2,Mug,mugs,,0.10,3", "price: “” is not a number."),
        ("MUG-2,Mug,mugs,-1,0.10,3", "price: “-1” is not a number."),
        ("MUG-2,Mug,mugs,1_0.00,0.10,3", "price: “1_0.00” is not a number."),
        ("MUG-2,Mug,mugs,10000000,0.10,3", "price: Ensure this value is less than or equal to 9999999.99."),
        ("MUG-2,Mug,mugs,1.00,20,3", "tax_rate: Ensure this value is less than or equal to 1."),
        ("MUG-2,Mug,mugs,1.00,0.10,2.5", "stock: “2.5” value must be an integer."),
        ("MUG-2,Mug,mugs,1.00,0.10,٣", "stock: “٣” is not a number."),
        ("MUG-2,M\0ug,mugs,1.00,0.10,3", "name: NUL characters are not allowed."),
        ("MUG-2,Mug,mugs", "The row and the header have different numbers of cells."),
        ("MUG-2,Mug,mugs,1.00,0.10,3,4", "The row and the header have different numbers of cells."),
        ('MUG-2,"Mug" s,mugs,1.00,0.10,3', "This row cannot be read: ',' expected after '\"'."),
        ("MUG-1,Cup,mugs,1.00,0.10,3", "sku: An earlier row has the same SKU."),
    ],
)
def test_invalid_row_is_reported_and_the_others_are_imported(row: str, detail: str) -> None:
    report = import_rows("MUG-1,Mug,mugs,1.00,0.10,3", row, "MUG-3,Mug,mugs,1.00,0.10,3")

    assert [(error.line, error.detail[: len(detail)]) for error in report.errors] == [(3, detail)]
    assert set(Product.objects.values_list("sku", "name")) == {("MUG-1", "Mug"), ("MUG-3", "Mug")}


def test_deleted_product_is_not_restored() -> None:
    ProductFactory.create(sku="MUG-1").soft_delete()

    report = import_rows("MUG-1,Mug,mugs,1.00,0.10,3", "MUG 2,Mug,mugs,1.00,0.10,3")

    assert [error.line for error in report.errors] == [2, 3]
    assert Product.all_objects.get().name != "Mug"


def test_file_without_stock_keeps_the_stock() -> None:
    ProductFactory.create(sku="MUG-1", stock=7)

    report = import_rows("MUG-1,Cup,mugs,2.00,0.10", "MUG-2,Cup,mugs,2.00,0.10", header=HEADER.removesuffix(",stock"))

    assert report == ImportReport(created=1, updated=1)
    assert dict(Product.objects.values_list("sku", "stock")) == {"MUG-1": 7, "MUG-2": 0}


@pytest.mark.parametrize("header", ["", "sku,name", HEADER + ",colour", HEADER + ",stock", "stock", 'sku,"name" '])
def test_file_with_another_header_is_refused(header: str) -> None:
    with pytest.raises(InvalidFileError):
        import_rows("MUG-1,Mug,mugs,1.00,0.10,3", header=header)


def test_rows_are_written_in_batches(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_export, "BATCH_SIZE", 10)

    # One query for the categories. For each of 3 batches a lock and an upsert, in savepoints.
    with django_assert_num_queries(1 + 3 * 4):
        report = import_rows(*(f"MUG-{number},Mug,mugs,1.00,0.10,3" for number in range(25)))

    assert report.created == 25


@pytest.mark.django_db(transaction=True)
def test_concurrent_imports_and_orders_do_not_deadlock() -> None:
    products = ProductFactory.create_batch(3)
    rows = [f"{product.sku},Mug,mugs,1.00,0.10,100" for product in products] + ["NEW-1,Mug,mugs,1.00,0.10,1"]
    calls: list[Callable[[], object]] = [
        lambda: import_rows(*rows),
        lambda: import_rows(*reversed(rows)),
        lambda: stock_reserve(quantities={product.pk: 1 for product in products}),
    ]

    outcomes = run_in_parallel(*calls * 3)

    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    assert Product.objects.count() == 4


def test_export_can_be_imported_again(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    names = ["Mug", '"Mug", blue', "=1+1", "'=1", "''@x", "'s-Hertogenbosch", "two\nlines"]
    for name in names:
        ProductFactory.create(name=name, is_active=False)
    ProductFactory.create().soft_delete()
    before = list(Product.objects.order_by("pk").values("sku", "name", "price", "stock", "category"))
    with django_assert_num_queries(1):
        lines = list(products_export())
    Product.objects.update(name="", price=0, stock=0)

    assert products_import(lines="".join(lines).splitlines(keepends=True)) == ImportReport(updated=len(names))

    assert list(Product.objects.order_by("pk").values("sku", "name", "price", "stock", "category")) == before


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1"])
def test_formulas_are_escaped(name: str) -> None:
    ProductFactory.create(sku="MUG-1", name=name, category__slug="cups")

    assert list(products_export()) == [f"{HEADER}\r\n", f"MUG-1,'{name},cups,10.00,0.20,10\r\n"]
