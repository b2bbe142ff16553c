from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that may be empty: no row is touched, and code that does not know it goes on."""

    dependencies = [
        ("orders", "0002_order_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="item_count",
            field=models.IntegerField(null=True),
        ),
    ]
