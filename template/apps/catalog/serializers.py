"""Request and response bodies of the catalog endpoints."""

from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.catalog.models import PRICE_MAX, SKU_PATTERN, STOCK_MAX, TAX_RATE_MAX, Product


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^[0-9]{1,7}(\.[0-9]{1,2})?$"})
class PriceField(serializers.DecimalField):
    """A price without tax."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=9, decimal_places=2, min_value=Decimal(0), max_value=PRICE_MAX, **options)


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^(0(\.[0-9]{1,2})?|1(\.00?)?)$"})
class TaxRateField(serializers.DecimalField):
    """The tax, as a fraction of the price."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=3, decimal_places=2, min_value=Decimal(0), max_value=TAX_RATE_MAX, **options)


class StockField(serializers.IntegerField):
    """Units in stock."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=STOCK_MAX, **options)


class ProductListSerializer(serializers.ModelSerializer[Product]):
    """A product in a list."""

    category = serializers.CharField(source="category.slug")
    total_price = serializers.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        model = Product
        fields = ["id", "sku", "name", "category", "price", "tax_rate", "total_price", "stock", "is_active"]
        read_only_fields = fields


class ProductDetailSerializer(ProductListSerializer):
    """A product."""

    class Meta(ProductListSerializer.Meta):
        fields = [*ProductListSerializer.Meta.fields, "description", "created_at", "updated_at"]
        read_only_fields = fields


class ProductCreateSerializer(serializers.Serializer[object]):
    """A new product. `category` is a slug."""

    sku = serializers.CharField(max_length=64, trim_whitespace=False, validators=[RegexValidator(SKU_PATTERN)])
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(allow_blank=True, default="", max_length=10_000)
    category = serializers.CharField(max_length=100)
    price = PriceField()
    tax_rate = TaxRateField(default=Decimal("0.20"))
    stock = StockField(default=0)
    is_active = serializers.BooleanField(default=True)


class ProductUpdateSerializer(serializers.Serializer[object]):
    """Changes of a product. Fields that are left out keep their values; the SKU cannot be changed."""

    name = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(allow_blank=True, required=False, max_length=10_000)
    category = serializers.CharField(max_length=100, required=False)
    price = PriceField(required=False)
    tax_rate = TaxRateField(required=False)
    stock = StockField(required=False)
    is_active = serializers.BooleanField(required=False)


class ProductStatisticsSerializer(serializers.Serializer[object]):
    """The stock movements of a product in the last 30 days: units reserved and returned, and how many movements."""

    reserved = serializers.IntegerField()
    returned = serializers.IntegerField()
    movements = serializers.IntegerField()
    last_movement_at = serializers.DateTimeField(allow_null=True)


class CategorySerializer(serializers.Serializer[object]):
    """A category."""

    name = serializers.CharField()
    slug = serializers.CharField()


class CategoryListSerializer(serializers.Serializer[object]):
    """All categories on one page, in the format of other lists."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CategorySerializer(many=True)
