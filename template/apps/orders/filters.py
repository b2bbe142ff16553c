"""Query parameters of the list of orders."""

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


class UTCDateTimeField(IsoDateTimeField):
    """A time, converted to UTC: PostgreSQL does not accept every offset that Python does."""

    def to_python(self, value: Any) -> datetime | None:
        time = super().to_python(value)
        try:
            return time and time.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class UTCDateTimeFilter(django_filters.IsoDateTimeFilter):
    """A filter by time."""

    field_class = UTCDateTimeField


class OrderFilter(django_filters.FilterSet):
    """Filter orders by status, time and product."""

    status = django_filters.ChoiceFilter(choices=Status.choices)
    created_after = UTCDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = UTCDateTimeFilter(field_name="created_at", lookup_expr="lt")
    product_id = django_filters.UUIDFilter(method="filter_product", label="Orders that contain this product")

    class Meta:
        model = Order
        fields = ()

    def filter_product(self, queryset: QuerySet[Order], _name: str, value: UUID) -> QuerySet[Order]:
        """Return the orders that contain a product."""
        return with_product(orders=queryset, product_id=value)
