"""`manage.py import_products FILE`: products from a file."""

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from apps.catalog.exceptions import InvalidFileError
from apps.catalog.files import COLUMNS, products_import


class Command(BaseCommand):
    """Fails where a row was left out, and names each."""

    help = "Make products of a file of comma-separated values, and change those that are there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, help=f"UTF-8, with the header {','.join(COLUMNS)}. Stock can be left out."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            # With the mark at the beginning that spreadsheets write.
            with options["file"].open(encoding="utf-8-sig", newline="") as lines:
                report = products_import(lines=lines)
        except UnicodeDecodeError as error:
            raise CommandError(f"The file is not UTF-8: {error}. Earlier rows may have been written.") from error
        except (InvalidFileError, OSError) as error:
            raise CommandError(str(error)) from error
        for row in report.errors:
            self.stderr.write(f"line {row.line}: {row.detail}")
        self.stdout.write(f"{report.created} created, {report.updated} updated, {len(report.errors)} left out")
        if report.errors:
            raise CommandError("Mend the rows named above, and import the file again.")
