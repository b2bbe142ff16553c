"""What products can be listed by. What is out of range is refused, and says so in the OpenAPI document too."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field

from apps.catalog.models import Product

# More than any price, and less than what a database cannot compare.
PRICE_LIMIT = 100_000_000
TEXT_LIMIT = 100


@extend_schema_field({"type": "string", "maxLength": TEXT_LIMIT})
class TextFilter(django_filters.CharFilter):
    """By a text of moderate length."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, max_length=TEXT_LIMIT, **options)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": PRICE_LIMIT})
class PriceFilter(django_filters.NumberFilter):
    """By the price, tax included."""

    def __init__(self, lookup: str) -> None:
        super().__init__(field_name="total_price", lookup_expr=lookup, min_value=0, max_value=PRICE_LIMIT)


@extend_schema_field({"type": "boolean"})
class FlagFilter(django_filters.ChoiceFilter):
    """By true or false. Django's own field takes whatever is neither for no answer."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], **options)


class ProductFilter(django_filters.FilterSet):
    """By text, category, price and stock."""

    search = TextFilter(method="filter_search", label="In the name or sku.")
    category = TextFilter(field_name="category__slug", label="The slug of a category.")
    price_min = PriceFilter("gte")
    price_max = PriceFilter("lte")
    in_stock = FlagFilter(method="filter_in_stock", label="Whether some are left.")

    class Meta:
        model = Product
        fields: list[str] = []

    def filter_search(self, products: QuerySet[Product], _name: str, text: str) -> QuerySet[Product]:
        """Return products whose name or sku has a text in it."""
        return products.filter(Q(name__icontains=text) | Q(sku__icontains=text))

    def filter_in_stock(self, products: QuerySet[Product], _name: str, answer: str) -> QuerySet[Product]:
        """Return products that are in stock, or those that are not."""
        return products.filter(stock__gt=0) if answer == "true" else products.filter(stock=0)
