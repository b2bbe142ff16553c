from django.conf import settings
from django.db import migrations, models
from django.db.models import CASCADE, PROTECT, Q
from django.db.models.functions import Now

from apps.core.models import generate_id

ID = ("id", models.UUIDField(default=generate_id, editable=False, primary_key=True, serialize=False))
CREATED_AT = ("created_at", models.DateTimeField(db_default=Now(), editable=False))
STATUSES = [("pending", "Pending"), ("paid", "Paid"), ("cancelled", "Cancelled"), ("refunded", "Refunded")]


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ID,
                ("status", models.CharField(choices=STATUSES, default="pending", max_length=20)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18)),
                ("notes", models.TextField(blank=True)),
                CREATED_AT,
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("paid_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("refunded_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL, db_index=False, on_delete=PROTECT, related_name="orders"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(status__in=[status for status, _ in STATUSES]), name="orders_order_status_known"
                    ),
                    models.CheckConstraint(condition=Q(amount__gte=0), name="orders_order_amount_not_negative"),
                ],
                "indexes": [
                    models.Index(fields=["customer", "-id"], name="orders_order_of_customer"),
                    models.Index(fields=["created_at"], condition=Q(status="pending"), name="orders_order_pending"),
                    models.Index(
                        fields=["created_at"], condition=Q(confirmed_at=None), name="orders_order_unconfirmed"
                    ),
                    models.Index(fields=["created_at"], name="orders_order_placed"),
                    models.Index(
                        fields=["paid_at"],
                        include=["amount"],
                        condition=Q(paid_at__isnull=False),
                        name="orders_order_paid",
                    ),
                    models.Index(
                        fields=["refunded_at"],
                        include=["amount"],
                        condition=Q(refunded_at__isnull=False),
                        name="orders_order_refunded",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderItem",
            fields=[
                ID,
                ("product_id", models.UUIDField()),
                ("sku", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=200)),
                ("quantity", models.PositiveIntegerField()),
                ("unit_price", models.DecimalField(decimal_places=2, max_digits=12)),
                ("order", models.ForeignKey("orders.order", db_index=False, on_delete=CASCADE, related_name="items")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["order", "product_id"], name="orders_orderitem_product_once"),
                    models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_orderitem_quantity_positive"),
                    models.CheckConstraint(condition=Q(unit_price__gte=0), name="orders_orderitem_price_not_negative"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DailyReport",
            fields=[
                ID,
                ("day", models.DateField(unique=True)),
                ("order_count", models.PositiveIntegerField()),
                ("revenue", models.DecimalField(decimal_places=2, max_digits=18)),
                ("refunded", models.DecimalField(decimal_places=2, max_digits=18)),
                CREATED_AT,
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(refunded__gte=0, revenue__gte=0), name="orders_dailyreport_sums_not_negative"
                    ),
                ],
            },
        ),
    ]
