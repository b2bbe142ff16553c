"""Pages of a list."""

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import QuerySet
from rest_framework import exceptions
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

    def get_page_size(self, request: Request) -> int | None:
        """Return how many rows a page has: what is asked for, up to the greatest size.

        Raises:
            ValidationError: What is asked for is no number of rows. REST framework would pass over it.
        """
        given = request.query_params.get(self.page_size_query_param)
        if given is not None and not re.fullmatch("0*[1-9][0-9]*", given):
            raise exceptions.ValidationError({self.page_size_query_param: "Give a number of rows: 1 or more."})
        size: int | None = super().get_page_size(request)
        return size

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Return what the OpenAPI document says of the parameters."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {"type": "integer", "minimum": 1}
        return parameters

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
            raise exceptions.NotFound(self.invalid_cursor_message)
        try:
            self.position_field.to_python(position)
        except ValidationError as error:
            raise exceptions.NotFound(self.invalid_cursor_message) from error
        return cursor
