from django.db import migrations, models

from apps.core.operations import AddIndexConcurrently, RemoveIndexConcurrently


class Migration(migrations.Migration):
    """An index for each figure of a report, in the place of one for all. Made while orders come in, as in 0002."""

    # An index that is made concurrently is made outside of any transaction.
    atomic = False

    dependencies = [
        ("orders", "0009_tell_when_paid"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["created_at"], name="orders_order_placed"),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("paid_at__isnull", False)),
                fields=["paid_at"],
                include=("amount",),
                name="orders_order_paid",
            ),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("refunded_at__isnull", False)),
                fields=["refunded_at"],
                include=("amount",),
                name="orders_order_refunded",
            ),
        ),
        RemoveIndexConcurrently(model_name="order", name="orders_order_report"),
    ]
