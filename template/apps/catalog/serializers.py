"""What the catalog endpoints take and give."""

from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from apps.catalog.models import SKU_PATTERN, STOCK_MAX, Product


class PriceField(serializers.DecimalField):
    """A price, from 0 to 9999999.99."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=9, decimal_places=2, min_value=Decimal(0), **options)


class TaxRateField(serializers.DecimalField):
    """A share of the price, from 0 to 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=3, decimal_places=2, min_value=Decimal(0), max_value=Decimal(1), **options)


class StockField(serializers.IntegerField):
    """How many there are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=STOCK_MAX, **options)


class ProductListSerializer(serializers.ModelSerializer[Product]):
    """A product, as lists show it."""

    category = serializers.CharField(source="category.slug")
    total_price = serializers.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        model = Product
        fields = ["id", "sku", "name", "category", "price", "tax_rate", "total_price", "stock", "is_active"]
        read_only_fields = fields


class ProductDetailSerializer(ProductListSerializer):
    """A product, with all that is told of it."""

    class Meta(ProductListSerializer.Meta):
        fields = [*ProductListSerializer.Meta.fields, "description", "created_at", "updated_at"]
        read_only_fields = fields


class ProductCreateSerializer(serializers.Serializer[object]):
    """A new product. Its category is named by the slug."""

    # As it is: a sku with spaces around it is another, and none.
    sku = serializers.CharField(max_length=64, trim_whitespace=False, validators=[RegexValidator(SKU_PATTERN)])
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(allow_blank=True, default="", max_length=10_000)
    category = serializers.CharField(max_length=100)
    price = PriceField()
    tax_rate = TaxRateField(default=Decimal("0.20"))
    stock = StockField(default=0)
    is_active = serializers.BooleanField(default=True)


class ProductUpdateSerializer(serializers.Serializer[object]):
    """Changes of a product. What is not named stays as it is; the sku stays in any case."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(allow_blank=True, required=False, max_length=10_000)
    category = serializers.CharField(max_length=100, required=False)
    price = PriceField(required=False)
    tax_rate = TaxRateField(required=False)
    stock = StockField(required=False)
    is_active = serializers.BooleanField(required=False)


class ProductStatisticsSerializer(serializers.Serializer[object]):
    """What happened to the stock of a product in the last 30 days: units reserved and returned, and how many times."""

    reserved = serializers.IntegerField()
    returned = serializers.IntegerField()
    movements = serializers.IntegerField()
    last_movement_at = serializers.DateTimeField(allow_null=True)


class CategorySerializer(serializers.Serializer[object]):
    """A category."""

    name = serializers.CharField()
    slug = serializers.CharField()


class CategoryListSerializer(serializers.Serializer[object]):
    """All categories, in the form of every list. They are on one page."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CategorySerializer(many=True)
