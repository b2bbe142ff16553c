from django.db import migrations, models
from django_pg_migration_tools.operations import SaferAddIndexConcurrently


class Migration(migrations.Migration):
    """Indexes that are made while orders come in. Nothing else is in here: what fails half-way is run again."""

    # An index that is made concurrently is made outside of any transaction.
    atomic = False

    dependencies = [
        ("orders", "0001_initial"),
    ]

    operations = [
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["customer", "-id"], name="orders_order_of_customer"),
        ),
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["customer", "status", "-id"], name="orders_order_by_status"),
        ),
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status", "pending")), fields=["created_at"], name="orders_order_pending"
            ),
        ),
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("confirmed_at", None)), fields=["created_at"], name="orders_order_unconfirmed"
            ),
        ),
        SaferAddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["created_at"], include=("status", "amount"), name="orders_order_report"),
        ),
    ]
