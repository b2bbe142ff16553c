from django.db import migrations, models


class Migration(migrations.Migration):
    """Step 1: add a nullable column. No row is rewritten, and code that does not know the column keeps working."""

    dependencies = [
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="item_count",
            field=models.IntegerField(null=True),
        ),
    ]
