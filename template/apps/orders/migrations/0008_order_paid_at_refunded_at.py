from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns that may be empty: no row is touched, and code that does not know them goes on."""

    dependencies = [
        ("orders", "0007_order_item_count_required"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="paid_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="refunded_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
