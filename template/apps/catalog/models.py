"""The data of catalog, and its constraints."""

from decimal import Decimal
from typing import Any

from django.core.checks import CheckMessage
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now, Round

from apps.core.models import SoftDeleteModel, TimeStampedModel, UUIDModel

# So that a price fits its column with any tax, and a total fits that of an order.
PRICE_MAX = Decimal("9999999.99")
TAX_RATE_MAX = Decimal(1)
# Half of what the column holds: what comes back to the stock has room.
STOCK_MAX = 1_000_000_000

SKU_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"


def rounded(amount: Combinable) -> Round:
    """Return an amount rounded to cents, half a cent upwards.

    SQLite reckons in binary fractions, where half a cent is a little less or more. The addend is less than any
    difference that two prices and rates can make, and more than that error.
    """
    return Round(amount + Decimal("0.0000001"), precision=2)


class Category(UUIDModel):
    """What products are sorted by."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Product(SoftDeleteModel, UUIDModel, TimeStampedModel):
    """Something that can be sold, and how many of it there are. Off sale, only staff sees it.

    Deleted, it stays for what points at it, and keeps its sku: what was sold under it is still told apart.
    """

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
    # The database reckons it, whoever writes the price.
    total_price = models.GeneratedField(
        expression=rounded(F("price") * (1 + F("tax_rate"))),
        output_field=models.DecimalField(max_digits=10, decimal_places=2),
        db_persist=True,
    )
    stock = models.IntegerField(default=0, validators=[MinValueValidator(0), MaxValueValidator(STOCK_MAX)])
    is_active = models.BooleanField("on sale", default=True)

    # Without the indexes that the base classes give them: no query here would use one.
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
        # Of what is listed, and nothing else: readers never ask for the rest. Everything at once is read by primary key.
        indexes = [
            # A page of a category, newest first, is one stretch of this index: filtered and sorted by it.
            models.Index(
                fields=["category", "-id"],
                condition=Q(is_active=True, is_deleted=False),
                name="catalog_product_by_category",
            ),
            # A narrow range of prices. What it finds is sorted afterwards.
            models.Index(
                fields=["total_price"], condition=Q(is_active=True, is_deleted=False), name="catalog_product_by_price"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    @classmethod
    def check(cls, **options: Any) -> list[CheckMessage]:
        """Check the model, without a database.

        To check a generated column, Django 6.1 asks PostgreSQL for its version. But checks are run in CI too, and while
        an image is built, where there is none to ask.
        """
        return super().check(**{**options, "databases": ()})


class StockMovement(UUIDModel):
    """Units of a product that orders took from the stock, as a negative number, or gave back."""

    # Its own index would be the beginning of the one below.
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="movements", db_index=False)
    change = models.IntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(change=0), name="catalog_stockmovement_change_not_zero")]
        # The latest of a product, which is what statistics are made of.
        indexes = [models.Index(fields=["product", "created_at"], name="catalog_stockmovement_latest")]

    def __str__(self) -> str:
        return f"{self.change:+d} of {self.product_id}"
