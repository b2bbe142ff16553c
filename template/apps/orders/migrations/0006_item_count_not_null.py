from django.db import migrations, models


class Migration(migrations.Migration):
    """Step 5: set NOT NULL. The valid constraint spares PostgreSQL a table scan under an exclusive lock."""

    dependencies = [
        ("orders", "0005_validate_item_count"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="item_count",
            field=models.IntegerField(),
        ),
    ]
