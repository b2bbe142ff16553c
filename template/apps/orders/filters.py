"""What a list of orders can be narrowed down by."""

from uuid import UUID

import django_filters
from django.db.models import QuerySet

from apps.orders.models import Order
from apps.orders.selectors import with_product
from apps.orders.states import Status


class OrderFilter(django_filters.FilterSet):
    """By state, by time, by what is in it."""

    status = django_filters.ChoiceFilter(choices=Status.choices)
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    product_id = django_filters.UUIDFilter(method="filter_product", label="Orders with this product in them")

    class Meta:
        model = Order
        fields = ()

    def filter_product(self, queryset: QuerySet[Order], _name: str, value: UUID) -> QuerySet[Order]:
        """Return the orders that have a product in them."""
        return with_product(orders=queryset, product_id=value)
