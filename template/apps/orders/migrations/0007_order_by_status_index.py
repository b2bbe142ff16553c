from django.db import migrations, models
from django_pg_migration_tools.operations import SaferAddIndexConcurrently


class Migration(migrations.Migration):
    """Create an index while orders are written. Safe to run again after a failure."""

    # CREATE INDEX CONCURRENTLY does not run in a transaction.
    atomic = False

    dependencies = [
        ("orders", "0006_item_count_not_null"),
    ]

    operations = [
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["customer", "status", "-id"], name="orders_order_by_status"),
        ),
    ]
