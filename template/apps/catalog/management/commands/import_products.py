"""`manage.py import_products FILE`."""

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from apps.catalog.exceptions import InvalidFileError
from apps.catalog.import_export import COLUMNS, products_import


class Command(BaseCommand):
    """Import products from a CSV file. Fails if a row is invalid; valid rows are imported all the same."""

    help = "Create and update products from a CSV file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help=f"UTF-8, with the header {','.join(COLUMNS)}; stock is optional")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            # Spreadsheets write a byte order mark.
            with options["file"].open(encoding="utf-8-sig", newline="") as lines:
                report = products_import(lines=lines)
        except UnicodeDecodeError as error:
            raise CommandError(f"The file is not UTF-8: {error}. Earlier rows may have been imported.") from error
        except (InvalidFileError, OSError) as error:
            raise CommandError(str(error)) from error
        for row in report.errors:
            self.stderr.write(f"line {row.line}: {row.detail}")
        self.stdout.write(f"{report.created} created, {report.updated} updated, {len(report.errors)} invalid")
        if report.errors:
            raise CommandError("Fix the rows listed above, and import the file again.")
