from django.db import migrations, models


class Migration(migrations.Migration):
    """PostgreSQL takes the constraint's word for it that no row is empty, instead of reading them under a lock."""

    dependencies = [
        ("orders", "0006_order_item_count_valid"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="item_count",
            field=models.IntegerField(),
        ),
    ]
