from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.catalog.models import Product
from apps.catalog.tests.factories import CategoryFactory, ProductFactory

HEADER = "sku,name,category,price,tax_rate,stock"

pytestmark = pytest.mark.django_db


def test_file_of_a_spreadsheet_is_imported(tmp_path: Path) -> None:
    CategoryFactory.create(slug="mugs")
    file = tmp_path / "products.csv"
    file.write_text(f'{HEADER}\r\nMUG-1,"Mug,\r\nblué",mugs,10.00,0.20,3\r\n', encoding="utf-8-sig", newline="")
    out = StringIO()

    call_command("import_products", file, stdout=out)

    assert out.getvalue() == "1 created, 0 updated, 0 invalid\n"
    assert Product.objects.get().name == "Mug,\r\nblué"


def test_import_with_invalid_rows_names_them_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text(f"{HEADER}\nMUG-1,Mug,none,10.00,0.20,3\n")
    out, err = StringIO(), StringIO()

    with pytest.raises(CommandError, match="Fix the rows"):
        call_command("import_products", file, stdout=out, stderr=err)

    assert out.getvalue() == "0 created, 0 updated, 1 invalid\n"
    assert err.getvalue() == "line 2: category: There is no category “none”.\n"


@pytest.mark.parametrize("content", [None, b"sku,price\n", b"sku,\xff\n"])
def test_unreadable_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "products.csv"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CommandError):
        call_command("import_products", file)


def test_products_are_exported() -> None:
    ProductFactory.create(sku="MUG-1", name="Mug", category__slug="mugs")
    out = StringIO()

    call_command("export_products", stdout=out)

    assert out.getvalue().splitlines() == [HEADER, "MUG-1,Mug,mugs,10.00,0.20,10"]
