"""Products in files of comma-separated values: read into the catalog, and written out of it.

Both take the same form, so what is exported can be edited in a spreadsheet and imported again.
"""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.catalog.caches import PRODUCTS
from apps.catalog.exceptions import InvalidFileError
from apps.catalog.models import Category, Product
from apps.core.caching import invalidate_on_commit

if TYPE_CHECKING:
    from _csv import Reader

COLUMNS = ("sku", "name", "category", "price", "tax_rate", "stock")
_NUMBERS = {"price", "tax_rate", "stock"}
BATCH_SIZE = 1_000

# What a spreadsheet would run as a formula gets an apostrophe in front. So does what looks as if it had got one.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True)
class RowError:
    """Why a row was left out."""

    line: int
    detail: str


@dataclass
class ImportReport:
    """What became of a file."""

    created: int = 0
    updated: int = 0
    errors: list[RowError] = field(default_factory=list)


def products_import(*, lines: Iterable[str]) -> ImportReport:
    """Make products of the rows of a file, and change those whose sku is there already.

    Rows are good or bad one by one: the good ones are written, a batch at a time, and the bad ones reported. So a file
    that is mended can be imported again as a whole. Of the file nothing is kept but the skus, to tell when one comes
    twice, and the errors.

    Args:
        lines: A header that names the columns in any order, and a row for each product. The category is a slug. The
            stock becomes what the file says, whatever was sold meanwhile, and that is no movement. A file without that
            column leaves it alone.

    Returns:
        How many products were made and changed, and what is wrong with the other rows.

    Raises:
        InvalidFileError: The header is another.
    """
    report = ImportReport()
    reader = csv.reader(lines, strict=True)
    header = _header(reader)
    products = _valid(_rows(reader, header, report), report)
    while batch := dict(islice(products, BATCH_SIZE)):
        _write(batch, header, report)
    report.errors.sort(key=lambda error: error.line)
    return report


def products_export() -> Iterator[str]:
    """Give the lines of a file of all products that are not deleted, as `products_import` reads them."""
    rows = Product.objects.order_by("pk").values_list("sku", "name", "category__slug", "price", "tax_rate", "stock")
    writer = csv.writer(_Line())
    # The writer gives what `_Line` does: the line.
    yield writer.writerow(COLUMNS)
    for row in rows.iterator(chunk_size=2_000):
        yield writer.writerow([_escape(str(cell)) for cell in row])


class _Line:
    def write(self, line: str) -> str:
        return line


def _escape(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unescape(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _header(reader: "Reader") -> list[str]:
    """Return the names of the columns.

    Raises:
        InvalidFileError: There are others, or not all that there have to be.
    """
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise InvalidFileError(f"This is no file of comma-separated values: {error}.") from error
    if sorted({*header, "stock"}) != sorted(COLUMNS) or len(set(header)) < len(header):
        raise InvalidFileError(
            f"The first line has to name the columns {','.join(COLUMNS)}, and no others. Stock alone can be left out."
        )
    return header


def _rows(reader: "Reader", header: Sequence[str], report: ImportReport) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each row with the number of its line, and report what is none."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.errors.append(RowError(reader.line_num, f"This cannot be read: {error}."))
            continue
        if len(cells) == len(header):
            yield reader.line_num, dict(zip(header, map(_unescape, map(str.strip, cells)), strict=True))
        elif cells:
            detail = f"There are {len(cells)} cells, where there should be {len(header)}."
            report.errors.append(RowError(reader.line_num, detail))


def _valid(rows: Iterable[tuple[int, dict[str, str]]], report: ImportReport) -> Iterator[tuple[int, Product]]:
    """Give the product of each row that makes one, and report the others."""
    categories = {category.slug: category for category in Category.objects.all()}
    skus: set[str] = set()
    for line, row in rows:
        try:
            product = _product(row, categories, skus)
        except ValidationError as error:
            details = [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
            report.errors.append(RowError(line, " ".join(details)))
        else:
            skus.add(product.sku)
            yield line, product


def _product(row: Mapping[str, str], categories: Mapping[str, Category], skus: Collection[str]) -> Product:
    """Return the product that a row makes.

    Raises:
        ValidationError: It makes none.
    """
    for name, cell in row.items():
        # PostgreSQL does not take it.
        if "\0" in cell:
            raise ValidationError({name: "The character NUL is not allowed."})
    for name in _NUMBERS & row.keys():
        # Python takes all of these for numbers: 1_0, and the digits of any script.
        if "_" in row[name] or not row[name].isascii():
            raise ValidationError({name: f"“{row[name]}” has other characters than numbers here are written with."})
    if row["category"] not in categories:
        raise ValidationError({"category": f"There is no category {row['category']!r}."})
    if row["sku"] in skus:
        raise ValidationError({"sku": "This sku stands in an earlier row."})
    product = Product(**{**row, "category": categories[row["category"]]})
    # The category is there: to ask the database once more, row by row, would be slow.
    product.clean_fields(exclude={"category"})
    return product


def _write(products: Mapping[int, Product], header: Sequence[str], report: ImportReport) -> None:
    """Write the products of some lines, and of those that are there the columns that the file has."""
    with transaction.atomic():
        # Locked in the order of their keys, as everywhere.
        known = Product.all_objects.select_for_update(no_key=True).filter(sku__in=[p.sku for p in products.values()])
        is_deleted = dict(known.order_by("pk").values_list("sku", "is_deleted"))
        kept = [product for product in products.values() if not is_deleted.get(product.sku)]
        Product.objects.bulk_create(
            # New ones in one order too: two imports that make the same do not wait for each other.
            sorted(kept, key=lambda product: product.sku),
            update_conflicts=True,
            unique_fields=["sku"],
            update_fields=[*(name for name in header if name != "sku"), "updated_at"],
        )
        invalidate_on_commit(PRODUCTS)
    updated = sum(product.sku in is_deleted for product in kept)
    report.updated += updated
    report.created += len(kept) - updated
    report.errors += [
        RowError(line, "sku: A product that was deleted has this sku.")
        for line, product in products.items()
        if is_deleted.get(product.sku)
    ]
