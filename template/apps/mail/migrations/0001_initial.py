import django.utils.timezone
from django.db import migrations, models

from apps.core.models import generate_id


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="OutboxEmail",
            fields=[
                ("id", models.UUIDField(default=generate_id, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("recipient", models.EmailField(max_length=254)),
                ("subject", models.CharField(max_length=998)),
                ("text", models.TextField()),
                ("html", models.TextField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.TextField(blank=True)),
                ("retry_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("sending_started_at", models.DateTimeField(null=True)),
            ],
            options={"verbose_name": "outbox email", "verbose_name_plural": "outbox"},
        ),
    ]
