"""Pagination of lists."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class StandardCursorPagination(CursorPagination):
    """Paginate by cursor, newest first. Every page costs the same, and no row is skipped or repeated.

    A cursor holds a value of the first ordering field only, so that field must be unique and not null: rows that
    share a value can get lost between pages. Ids are time-ordered.
    """

    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = "-id"

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        ordering: tuple[str, ...] = super().get_ordering(request, queryset, view)
        name, options = ordering[0].lstrip("-"), queryset.model._meta
        self.position_field: Any = options.pk if name == "pk" else options.get_field(name)
        if not getattr(self.position_field, "unique", False) or self.position_field.null:
            raise ImproperlyConfigured(f"{view}: order by a unique field without nulls, not {name!r}, to lose no rows.")
        return ordering

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            try:
                # Otherwise a forged cursor causes a database error.
                self.position_field.to_python(cursor.position)
                ProhibitNullCharactersValidator()(cursor.position)
            except ValidationError as error:
                raise NotFound(self.invalid_cursor_message) from error
        return cursor
