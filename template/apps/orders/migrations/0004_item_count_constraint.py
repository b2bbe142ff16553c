from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """Step 3: check new and changed rows. Existing rows are not read, so the lock is short."""

    dependencies = [
        ("orders", "0003_fill_item_count"),
    ]

    operations = [
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("item_count__gte", 0), ("item_count__isnull", False)),
                name="orders_order_item_count_known",
            ),
        ),
    ]
