"""Categories, products and stock movements."""

from decimal import Decimal
from typing import Any

from django.core.checks import CheckMessage
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.core.models import SoftDeleteModel, TimeStampedModel, UUIDModel

PRICE_MAX = Decimal("9999999.99")
TAX_RATE_MAX = Decimal(1)
# Half of the maximum of the column: returned units are added without a check.
STOCK_MAX = 1_000_000_000

SKU_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"


class Category(UUIDModel):
    """A category of products."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Product(SoftDeleteModel, UUIDModel, TimeStampedModel):
    """A product with its price and stock. A deleted product keeps its SKU, because orders refer to it."""

    sku = models.CharField(max_length=64, unique=True, validators=[RegexValidator(SKU_PATTERN)])
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    price = models.DecimalField(
        max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal(0)), MaxValueValidator(PRICE_MAX)]
    )
    tax_rate = models.DecimalField(
        max_digits=4,
        decimal_places=2,
        default=Decimal("0.20"),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(TAX_RATE_MAX)],
    )
    # Computed by the database, and rounded to cents by the column.
    total_price = models.GeneratedField(
        expression=F("price") * (1 + F("tax_rate")),
        output_field=models.DecimalField(max_digits=10, decimal_places=2),
        db_persist=True,
    )
    stock = models.IntegerField(default=0, validators=[MinValueValidator(0), MaxValueValidator(STOCK_MAX)])
    is_active = models.BooleanField("on sale", default=True)

    # Without the indexes of the base classes, which no query would use.
    is_deleted = models.BooleanField(default=False, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(SoftDeleteModel.Meta):
        constraints = [
            *SoftDeleteModel.Meta.constraints,
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=PRICE_MAX), name="catalog_product_price_range"),
            models.CheckConstraint(
                condition=Q(tax_rate__gte=0, tax_rate__lte=TAX_RATE_MAX), name="catalog_product_tax_rate_range"
            ),
            models.CheckConstraint(condition=Q(stock__gte=0), name="catalog_product_stock_not_negative"),
        ]
        # Partial: lists show only products on sale.
        indexes = [
            # The pages of a category, newest first: filter and order come from the index.
            models.Index(
                fields=["category", "-id"],
                condition=Q(is_active=True, is_deleted=False),
                name="catalog_product_by_category",
            ),
            # Filters by price.
            models.Index(
                fields=["total_price"], condition=Q(is_active=True, is_deleted=False), name="catalog_product_by_price"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    @classmethod
    def check(cls, **options: Any) -> list[CheckMessage]:
        """Check the model without a database connection.

        For a generated column Django 6.1 asks PostgreSQL for its version, and in CI and image builds there is no database.
        """
        return super().check(**{**options, "databases": ()})


class StockMovement(UUIDModel):
    """A change of the stock: negative if units were reserved, positive if they were returned."""

    # Without an index of its own: the index below begins with this column.
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="movements", db_index=False)
    change = models.IntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(change=0), name="catalog_stockmovement_change_not_zero")]
        # The recent movements of a product, for its statistics.
        indexes = [models.Index(fields=["product", "created_at"], name="catalog_stockmovement_latest")]

    def __str__(self) -> str:
        return f"{self.change:+d} of {self.product_id}"
