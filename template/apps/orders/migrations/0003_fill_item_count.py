from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

BATCH_SIZE = 1000


def fill_item_count(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the column in batches. Each batch is a transaction, so only its rows are locked. Safe to run again."""
    database = schema_editor.connection.alias
    orders = apps.get_model("orders", "Order").objects.using(database)
    items = apps.get_model("orders", "OrderItem").objects.using(database)
    total = items.filter(order=OuterRef("pk")).values("order").annotate(total=Sum("quantity")).values("total")
    # Advance by primary key: searching for empty rows would read the filled ones again for each batch.
    remaining = orders.order_by("pk")
    while ids := list(remaining.values_list("pk", flat=True)[:BATCH_SIZE]):
        orders.filter(pk__in=ids, item_count__isnull=True).update(item_count=Coalesce(Subquery(total), 0))
        remaining = orders.filter(pk__gt=ids[-1]).order_by("pk")


class Migration(migrations.Migration):
    """Step 2: fill the column."""

    # Without a transaction around all batches, which would keep all rows locked until the end.
    atomic = False

    dependencies = [
        ("orders", "0002_order_item_count"),
    ]

    operations = [
        migrations.RunPython(fill_item_count, migrations.RunPython.noop, elidable=True),
    ]
