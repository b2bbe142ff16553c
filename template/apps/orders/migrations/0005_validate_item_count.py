from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """Step 4: check the existing rows. Others can read and write in the meantime."""

    dependencies = [
        ("orders", "0004_item_count_constraint"),
    ]

    operations = [
        ValidateConstraint(model_name="order", name="orders_order_item_count_known"),
    ]
