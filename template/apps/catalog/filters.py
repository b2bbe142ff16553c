"""Query parameters of the list of products."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field

from apps.catalog.models import Product

# Above any price, and within the range of the column.
PRICE_LIMIT = 100_000_000
TEXT_LIMIT = 100


@extend_schema_field({"type": "string", "maxLength": TEXT_LIMIT})
class TextFilter(django_filters.CharFilter):
    """A filter by text."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, max_length=TEXT_LIMIT, **options)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": PRICE_LIMIT})
class PriceFilter(django_filters.NumberFilter):
    """A filter by price, tax included."""

    def __init__(self, lookup: str) -> None:
        super().__init__(field_name="total_price", lookup_expr=lookup, min_value=0, max_value=PRICE_LIMIT)


@extend_schema_field({"type": "boolean"})
class BooleanFilter(django_filters.ChoiceFilter):
    """A filter by true or false. The one of django-filter ignores any other value instead of refusing it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], **options)


class ProductFilter(django_filters.FilterSet):
    """Filter products by text, category, price and stock."""

    search = TextFilter(method="filter_search", label="Text in the name or the SKU.")
    category = TextFilter(field_name="category__slug", label="The slug of a category.")
    price_min = PriceFilter("gte")
    price_max = PriceFilter("lte")
    in_stock = BooleanFilter(method="filter_in_stock", label="Whether the product is in stock.")

    class Meta:
        model = Product
        fields: list[str] = []

    def filter_search(self, products: QuerySet[Product], _name: str, text: str) -> QuerySet[Product]:
        """Return products whose name or SKU contains the text."""
        return products.filter(Q(name__icontains=text) | Q(sku__icontains=text))

    def filter_in_stock(self, products: QuerySet[Product], _name: str, value: str) -> QuerySet[Product]:
        """Return products that are in stock, or out of stock."""
        return products.filter(stock__gt=0) if value == "true" else products.filter(stock=0)
