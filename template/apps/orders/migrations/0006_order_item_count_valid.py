from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """All rows are read, and nobody has to wait."""

    dependencies = [
        ("orders", "0005_order_item_count_known"),
    ]

    operations = [
        ValidateConstraint(model_name="order", name="orders_order_item_count_known"),
    ]
