from django.db import migrations, models
from django_pg_migration_tools.operations import SaferAddIndexConcurrently, SaferRemoveIndexConcurrently


class Migration(migrations.Migration):
    """An index for each figure of a report, in the place of one for all. Made while orders come in, as in 0002."""

    # An index that is made concurrently is made outside of any transaction.
    atomic = False

    dependencies = [
        ("orders", "0009_tell_when_paid"),
    ]

    operations = [
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["created_at"], name="orders_order_placed"),
        ),
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("paid_at__isnull", False)),
                fields=["paid_at"],
                include=("amount",),
                name="orders_order_paid",
            ),
        ),
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("refunded_at__isnull", False)),
                fields=["refunded_at"],
                include=("amount",),
                name="orders_order_refunded",
            ),
        ),
        SaferRemoveIndexConcurrently(model_name="order", name="orders_order_report"),
    ]
