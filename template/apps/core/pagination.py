"""Pages of a list."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class StandardCursorPagination(CursorPagination):
    """Pages that cost the same at any depth, newest first, and never skip or repeat a row.

    A cursor holds the value of the first ordering field alone. Where rows can share that value, those at
    the edge of a page get lost, so that field must be unique. Ids are time-ordered (`apps.core.ids`),
    so ordering by id is ordering by creation.
    """

    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = "-id"

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """Return the ordering, as field names.

        Raises:
            ImproperlyConfigured: The first field is not unique.
        """
        ordering: tuple[str, ...] = super().get_ordering(request, queryset, view)
        name = ordering[0].lstrip("-")
        options = queryset.model._meta
        field = options.pk if name == "pk" else options.get_field(name)
        if not getattr(field, "unique", False) or getattr(field, "null", False):
            raise ImproperlyConfigured(
                f"{queryset.model.__name__} is paged by {name!r}, which is not unique: rows would be lost between "
                "pages. Order by the id, or by a unique field without nulls."
            )
        self.position_field = field
        return ordering

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return where the page starts, None for the first page.

        Raises:
            NotFound: The cursor was not made here: its position is no value of the field.
        """
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        if "\0" in position:
            raise NotFound(self.invalid_cursor_message)
        try:
            self.position_field.to_python(position)
        except ValidationError as error:
            raise NotFound(self.invalid_cursor_message) from error
        return cursor
