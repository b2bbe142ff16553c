from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import migrations, models
from django.db.models import PROTECT, F, Q
from django.db.models.functions import Now

from apps.core.models import generate_id

ID = ("id", models.UUIDField(default=generate_id, editable=False, primary_key=True, serialize=False))
ON_SALE = Q(is_active=True, is_deleted=False)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Category",
            fields=[
                ID,
                ("name", models.CharField(max_length=100, unique=True)),
                ("slug", models.SlugField(max_length=100, unique=True)),
            ],
            options={"verbose_name_plural": "categories"},
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ID,
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "sku",
                    models.CharField(
                        max_length=64, unique=True, validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True)),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=10,
                        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal("9999999.99"))],
                    ),
                ),
                (
                    "tax_rate",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.20"),
                        max_digits=4,
                        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
                    ),
                ),
                (
                    "total_price",
                    models.GeneratedField(
                        db_persist=True,
                        expression=F("price") * (1 + F("tax_rate")),
                        output_field=models.DecimalField(decimal_places=2, max_digits=10),
                    ),
                ),
                (
                    "stock",
                    models.IntegerField(default=0, validators=[MinValueValidator(0), MaxValueValidator(1_000_000_000)]),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="on sale")),
                ("is_deleted", models.BooleanField(default=False, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("category", models.ForeignKey("catalog.category", on_delete=PROTECT, related_name="products")),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(is_deleted=False, deleted_at=None) | Q(is_deleted=True, deleted_at__isnull=False),
                        name="catalog_product_deleted_has_time",
                    ),
                    models.CheckConstraint(
                        condition=Q(price__gte=0, price__lte=Decimal("9999999.99")), name="catalog_product_price_range"
                    ),
                    models.CheckConstraint(
                        condition=Q(tax_rate__gte=0, tax_rate__lte=Decimal(1)), name="catalog_product_tax_rate_range"
                    ),
                    models.CheckConstraint(condition=Q(stock__gte=0), name="catalog_product_stock_not_negative"),
                ],
                "indexes": [
                    models.Index(fields=["category", "-id"], condition=ON_SALE, name="catalog_product_by_category"),
                    models.Index(fields=["total_price"], condition=ON_SALE, name="catalog_product_by_price"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StockMovement",
            fields=[
                ID,
                ("change", models.IntegerField()),
                ("created_at", models.DateTimeField(db_default=Now(), editable=False)),
                (
                    "product",
                    models.ForeignKey("catalog.product", db_index=False, on_delete=PROTECT, related_name="movements"),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=~Q(change=0), name="catalog_stockmovement_change_not_zero")
                ],
                "indexes": [models.Index(fields=["product", "created_at"], name="catalog_stockmovement_latest")],
            },
        ),
    ]
