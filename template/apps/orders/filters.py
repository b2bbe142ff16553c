"""What a list of orders can be narrowed down by."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.fields import IsoDateTimeField

from apps.orders.models import Order
from apps.orders.selectors import with_product
from apps.orders.states import Status


class TimeField(IsoDateTimeField):
    """A time, in UTC: PostgreSQL does not know every offset that Python does."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the time, None where there is none.

        Raises:
            ValidationError: It is none, or before all time.
        """
        time = super().to_python(value)
        try:
            return time and time.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class TimeFilter(django_filters.IsoDateTimeFilter):
    """By a time."""

    field_class = TimeField


class OrderFilter(django_filters.FilterSet):
    """By state, by time, by what is in it."""

    status = django_filters.ChoiceFilter(choices=Status.choices)
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")
    product_id = django_filters.UUIDFilter(method="filter_product", label="Orders with this product in them")

    class Meta:
        model = Order
        fields = ()

    def is_valid(self) -> bool:
        """Say whether every value is one. What is there and empty is none, and would be passed over otherwise."""
        is_valid: bool = super().is_valid()
        given = self.data or {}
        empty = [name for name in self.filters if given.get(name) == ""]
        for name in empty:
            self.form.add_error(name, ValidationError("Give a value, or leave this out.", code="required"))
        return is_valid and not empty

    def filter_product(self, queryset: QuerySet[Order], _name: str, value: UUID) -> QuerySet[Order]:
        """Return the orders that have a product in them."""
        return with_product(orders=queryset, product_id=value)
