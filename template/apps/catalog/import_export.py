"""Import products from CSV files, and export them. Both use the same format, so an export can be edited and imported."""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.catalog.caches import PRODUCTS
from apps.catalog.exceptions import InvalidFileError
from apps.catalog.models import Category, Product
from apps.core.caching import invalidate_on_commit

COLUMNS = ("sku", "name", "category", "price", "tax_rate", "stock")
BATCH_SIZE = 1_000

# Python also reads 1_0, 1e400, NaN and the digits of other scripts as numbers.
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
# A spreadsheet would run these as formulas, so an apostrophe is written in front, and removed when they are read.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"'*[=+\-@\t\r]")

Row = Mapping[str, str]


@dataclass(frozen=True)
class RowError:
    """An invalid row."""

    line: int
    detail: str


@dataclass
class ImportReport:
    """The result of an import."""

    created: int = 0
    updated: int = 0
    errors: list[RowError] = field(default_factory=list)


def products_import(*, lines: Iterable[str]) -> ImportReport:
    """Create products from the rows of a file, and update those whose SKU exists.

    Valid rows are written in batches, invalid rows are reported. Rows can be imported twice: correct the file and import
    all of it.

    Args:
        lines: A header with the columns in any order, and one row per product. `category` is a slug. `stock` replaces
            the current stock; without that column, the stock of existing products is kept.

    Raises:
        InvalidFileError: The header is not valid.
    """
    report = ImportReport()
    reader = csv.DictReader(lines, strict=True)
    columns = _columns(reader)
    products = _products(reader, report)
    while batch := dict(islice(products, BATCH_SIZE)):
        _write(batch, columns, report)
    report.errors.sort(key=lambda error: error.line)
    return report


def products_export() -> Iterator[str]:
    """Yield the lines of a file with all products that are not deleted."""
    rows = Product.objects.order_by("pk").values_list("sku", "name", "category__slug", "price", "tax_rate", "stock")
    # `writerow` returns what `write` returns: the line.
    writer = csv.writer(_Line())
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


def _columns(reader: "csv.DictReader[str]") -> list[str]:
    try:
        columns = list(reader.fieldnames or [])
    except csv.Error as error:
        raise InvalidFileError(f"This is not a CSV file: {error}.") from error
    if sorted({*columns, "stock"}) != sorted(COLUMNS) or len(set(columns)) < len(columns):
        raise InvalidFileError(f"The header has to be {','.join(COLUMNS)}, in any order. Only stock can be left out.")
    return columns


def _products(reader: "csv.DictReader[str]", report: ImportReport) -> Iterator[tuple[int, Product]]:
    """Yield the line number and the product of each valid row, and report the others."""
    categories = {category.slug: category for category in Category.objects.all()}
    skus: set[str] = set()
    while True:
        try:
            product = _product(next(reader), categories, skus)
        except StopIteration:
            return
        except csv.Error as error:
            # `reader.line_num` still has the line of the row before.
            report.errors.append(RowError(reader.reader.line_num, f"This row cannot be read: {error}."))
        except ValidationError as error:
            report.errors.append(RowError(reader.line_num, _detail(error)))
        else:
            skus.add(product.sku)
            yield reader.line_num, product


def _product(row: Row, categories: Mapping[str, Category], skus: Collection[str]) -> Product:
    """Return the product of a row.

    Raises:
        ValidationError: The row is invalid.
    """
    if None in row or None in row.values():
        raise ValidationError("The row and the header have different numbers of cells.")
    values = {name: _unescape(cell.strip()) for name, cell in row.items()}
    for name, value in values.items():
        if "\0" in value:
            raise ValidationError({name: "NUL characters are not allowed."})
        if name in {"price", "tax_rate", "stock"} and not _NUMBER.fullmatch(value):
            raise ValidationError({name: f"“{value}” is not a number."})
    if values["category"] not in categories:
        raise ValidationError({"category": f"There is no category “{values['category']}”."})
    if values["sku"] in skus:
        raise ValidationError({"sku": "An earlier row has the same SKU."})
    product = Product(**{**values, "category": categories[values["category"]]})
    # The category is known to exist. Validating it here would be a query for each row.
    product.clean_fields(exclude={"category"})
    return product


def _detail(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())


def _write(products: Mapping[int, Product], columns: Iterable[str], report: ImportReport) -> None:
    """Write the products, by line number. Existing products get only the columns of the file."""
    with transaction.atomic():
        # Existing rows are locked in the order of their primary keys, new rows are inserted in the order of their SKUs:
        # concurrent imports and orders cannot deadlock.
        existing = Product.all_objects.select_for_update(no_key=True).filter(sku__in=[p.sku for p in products.values()])
        is_deleted = dict(existing.order_by("pk").values_list("sku", "is_deleted"))
        kept = [product for product in products.values() if not is_deleted.get(product.sku)]
        Product.objects.bulk_create(
            sorted(kept, key=lambda product: product.sku),
            update_conflicts=True,
            unique_fields=["sku"],
            update_fields=[*(name for name in columns if name != "sku"), "updated_at"],
        )
        invalidate_on_commit(PRODUCTS)
    updated = sum(product.sku in is_deleted for product in kept)
    report.updated += updated
    report.created += len(kept) - updated
    report.errors += [
        RowError(line, "sku: A deleted product has this SKU.")
        for line, product in products.items()
        if is_deleted.get(product.sku)
    ]
