from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.catalog import files
from apps.catalog.exceptions import InvalidFileError
from apps.catalog.files import ImportReport, RowError, products_export, products_import
from apps.catalog.models import Category, Product, StockMovement
from apps.catalog.services import stock_reserve
from apps.catalog.tests.factories import CategoryFactory, ProductFactory
from apps.core.ids import generate_id
from tests.concurrency import at_once, impatient, overtake

HEADER = "sku,name,category,price,tax_rate,stock"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def category(db: None) -> Category:
    return CategoryFactory.create(slug="mugs")


def read(*rows: str, header: str = HEADER) -> ImportReport:
    return products_import(lines=[header + "\r\n", *(row + "\r\n" for row in rows)])


def test_a_row_makes_a_product(category: Category) -> None:
    assert read('MUG-1,"Mug, blue",mugs,10.00,0.10,3') == ImportReport(created=1)

    product = Product.objects.get()
    assert (product.sku, product.name, product.category) == ("MUG-1", "Mug, blue", category)
    assert (product.price, product.total_price, product.stock) == (Decimal(10), Decimal(11), 3)
    assert product.is_active


def test_a_row_changes_the_product_that_has_its_sku() -> None:
    product = ProductFactory.create(sku="MUG-1", is_active=False)

    assert read("MUG-1,Mug,mugs,1.00,0.10,3", "MUG-2,Mug,mugs,1.00,0.10,3") == ImportReport(created=1, updated=1)

    changed = Product.objects.get(sku="MUG-1")
    assert (changed.pk, changed.name, changed.price, changed.category.slug) == (product.pk, "Mug", Decimal(1), "mugs")
    assert changed.updated_at > product.updated_at
    # What the file does not tell of stays as it was.
    assert (changed.description, changed.created_at, changed.is_active) == ("One of a kind.", product.created_at, False)
    assert not StockMovement.objects.exists()


def test_columns_stand_in_any_order_and_empty_lines_are_none() -> None:
    assert read("3,0.10,10.00,mugs,Mug,MUG-1", "", header="stock,tax_rate,price,category,name,sku").created == 1
    assert Product.objects.get().sku == "MUG-1"


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ("MUG-2,Mug,cups,1.00,0.10,3", "category: There is no category 'cups'."),
        ("MUG-2,,mugs,1.00,0.10,3", "name: This field cannot be blank."),
        (",Mug,mugs,1.00,0.10,3", "sku: This field cannot be blank."),
        ("MUG 2,Mug,mugs,1.00,0.10,3", "sku: Enter a valid value."),
        ("MUG-2,Mug,mugs,cheap,0.10,3", "price: “cheap” value must be a decimal number."),
        ("MUG-2,Mug,mugs,,0.10,3", "price: “” value must be a decimal number."),
        ("MUG-2,Mug,mugs,NaN,0.10,3", "price: “NaN” value must be a decimal number."),
        ("MUG-2,Mug,mugs,1e400,0.10,3", "price: Ensure this value is less than or equal to 9999999.99."),
        ("MUG-2,Mug,mugs,-1,0.10,3", "price: Ensure this value is greater than or equal to 0."),
        ("MUG-2,Mug,mugs,1.00,20,3", "tax_rate: Ensure this value is less than or equal to 1."),
        ("MUG-2,Mug,mugs,1.00,0.10,2.5", "stock: “2.5” value must be an integer."),
        ("MUG-2,Mug,mugs,1.00,0.10,-1", "stock: Ensure this value is greater than or equal to 0."),
        ("MUG-2,Mug,mugs,1_0.00,0.10,3", "price: “1_0.00” has other characters"),
        ("MUG-2,Mug,mugs,1.00,0.1_0,3", "tax_rate: “0.1_0” has other characters"),
        ("MUG-2,Mug,mugs,1.00,0.10,1_0", "stock: “1_0” has other characters"),
        ("MUG-2,Mug,mugs,١٢,0.10,3", "price: “١٢” has other characters"),
        ("MUG-2,Mug,mugs,1.00,0.10,٣", "stock: “٣” has other characters"),
        ("MUG-2,M\0ug,mugs,1.00,0.10,3", "name: The character NUL is not allowed."),
        ("MUG-2,Mug,mugs", "There are 3 cells, where there should be 6."),
        ('MUG-2,"Mug" s,mugs,1.00,0.10,3', "This cannot be read: ',' expected after '\"'."),
        ("MUG-1,Cup,mugs,1.00,0.10,3", "sku: This sku stands in an earlier row."),
    ],
)
def test_a_bad_row_is_reported_and_the_others_are_written(row: str, detail: str) -> None:
    report = read("MUG-1,Mug,mugs,1.00,0.10,3", row, "MUG-3,Mug,mugs,1.00,0.10,3")

    assert [(error.line, error.detail[: len(detail)]) for error in report.errors] == [(3, detail)]
    assert set(Product.objects.values_list("sku", "name")) == {("MUG-1", "Mug"), ("MUG-3", "Mug")}


def test_all_that_is_wrong_with_a_row_is_told() -> None:
    report = read("MUG-1,,mugs,cheap,0.10,3")

    assert "name:" in report.errors[0].detail
    assert "price:" in report.errors[0].detail


def test_a_deleted_product_is_not_brought_back() -> None:
    ProductFactory.create(sku="MUG-1").soft_delete()

    report = read("MUG-1,Mug,mugs,1.00,0.10,3", "MUG 2,Mug,mugs,1.00,0.10,3")

    assert [error.line for error in report.errors] == [2, 3]
    assert Product.all_objects.get().name != "Mug"


def test_a_file_without_stock_leaves_it_alone() -> None:
    ProductFactory.create(sku="MUG-1", stock=7)

    report = read("MUG-1,Cup,mugs,2.00,0.10", "MUG-2,Cup,mugs,2.00,0.10", header=HEADER.removesuffix(",stock"))

    assert report == ImportReport(created=1, updated=1)
    assert set(Product.objects.values_list("sku", "name", "price", "stock")) == {
        ("MUG-1", "Cup", Decimal(2), 7),
        ("MUG-2", "Cup", Decimal(2), 0),
    }


@pytest.mark.parametrize("header", ["", "sku,name", HEADER + ",colour", HEADER + ",stock", "stock", 'sku,"name" '])
def test_a_file_with_another_header_is_refused(header: str) -> None:
    with pytest.raises(InvalidFileError):
        read("MUG-1,Mug,mugs,1.00,0.10,3", header=header)


def test_a_file_is_written_in_batches(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH_SIZE", 10)

    # The categories; for each of three batches what is there, and what is written, in a savepoint or two.
    with django_assert_num_queries(1 + 3 * 4):
        report = read(*(f"MUG-{number},Mug,mugs,1.00,0.10,3" for number in range(25)))

    assert report.created == 25


@pytest.mark.django_db(transaction=True)
def test_imports_and_orders_at_once_do_not_lock_each_other_out() -> None:
    products = [ProductFactory.create(sku=f"MUG-{number}") for number in range(5)]
    rows = [f"MUG-{number},Mug,mugs,1.00,0.10,100" for number in range(8)]
    calls: list[Callable[[], object]] = [
        lambda: read(*rows),
        lambda: read(*reversed(rows)),
        lambda: stock_reserve(quantities={product.pk: 1 for product in products}),
    ]

    outcomes = at_once(*calls * 3)

    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    assert Product.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_products_that_are_there_are_locked_in_the_order_of_their_keys() -> None:
    low, high = sorted([generate_id(), generate_id()])
    # PostgreSQL comes across them in the other order, and so does who sorts by sku.
    ProductFactory.create(pk=high, sku="MUG-1")
    ProductFactory.create(pk=low, sku="MUG-2")

    def lock(pk: UUID) -> None:
        with impatient():
            assert list(Product.objects.select_for_update(no_key=True).filter(pk=pk))

    report = overtake(
        lambda: read("MUG-1,Mug,mugs,1.00,0.10,3", "MUG-2,Mug,mugs,1.00,0.10,3"),
        hold=lambda: lock(low),
        # Fails where the import has it.
        meanwhile=lambda: lock(high),
    )

    assert report == ImportReport(updated=2)


@pytest.mark.django_db(transaction=True)
def test_new_products_are_made_in_the_order_of_their_skus(category: Category) -> None:
    def create(sku: str) -> None:
        with impatient():
            ProductFactory.create(sku=sku, category=category)

    report = overtake(
        lambda: read("MUG-2,Mug,mugs,1.00,0.10,3", "MUG-1,Mug,mugs,1.00,0.10,3"),
        hold=lambda: create("MUG-1"),
        # Fails where the import has made it.
        meanwhile=lambda: create("MUG-2"),
    )

    assert isinstance(report, ImportReport)
    assert report.errors == []
    assert set(Product.objects.values_list("sku", "name")) == {("MUG-1", "Mug"), ("MUG-2", "Mug")}


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_while_a_file_is_imported_is_not_changed() -> None:
    product = ProductFactory.create(sku="MUG-1")

    report = overtake(lambda: read("MUG-1,Mug,mugs,1.00,0.10,3"), hold=product.soft_delete)

    assert report == ImportReport(errors=[RowError(2, "sku: A product that was deleted has this sku.")])
    assert Product.all_objects.get().name != "Mug"


def test_what_is_exported_can_be_imported_again() -> None:
    names = ["Mug", '"Mug", blue', "=1+1", "'=1", "''@x", "'s-Hertogenbosch", "+1", "-1", "two\nlines"]
    for name in names:
        ProductFactory.create(name=name, is_active=False)
    ProductFactory.create().soft_delete()
    before = list(Product.objects.order_by("pk").values("sku", "name", "price", "stock", "category"))
    lines = list(products_export())
    Product.objects.update(name="", price=0, stock=0)

    assert products_import(lines="".join(lines).splitlines(keepends=True)) == ImportReport(updated=len(names))

    assert list(Product.objects.order_by("pk").values("sku", "name", "price", "stock", "category")) == before


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1"])
def test_no_cell_runs_as_a_formula(name: str) -> None:
    ProductFactory.create(sku="MUG-1", name=name, category__slug="cups")

    assert list(products_export()) == [f"{HEADER}\r\n", f"MUG-1,'{name},cups,10.00,0.20,10\r\n"]


def test_an_export_reads_with_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(10):
        ProductFactory.create()

    with django_assert_num_queries(1):
        assert len(list(products_export())) == 11
