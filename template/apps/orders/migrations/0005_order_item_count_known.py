from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """From here on no row is written without a count. What was there before is not looked at yet."""

    dependencies = [
        ("orders", "0004_count_items"),
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
