from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

BATCH = 1000


def count_items(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the column, some rows at a time: each batch is a transaction of its own, and locks its rows only.

    Can be stopped and run again. Walks along the key: to look for empty rows anew each time would read the full ones
    again and again.
    """
    database = schema_editor.connection.alias
    orders = apps.get_model("orders", "Order").objects.using(database)
    items = apps.get_model("orders", "OrderItem").objects.using(database)
    pieces = items.filter(order=OuterRef("pk")).values("order").annotate(total=Sum("quantity")).values("total")
    following = orders.order_by("pk")
    while ids := list(following.values_list("pk", flat=True)[:BATCH]):
        orders.filter(pk__in=ids, item_count__isnull=True).update(item_count=Coalesce(Subquery(pieces), 0))
        following = orders.filter(pk__gt=ids[-1]).order_by("pk")


class Migration(migrations.Migration):
    # Or all of the table would stay locked until the last row is done.
    atomic = False

    dependencies = [
        ("orders", "0003_order_item_count"),
    ]

    operations = [
        # Backwards there is nothing to do: the column goes with the migration before.
        migrations.RunPython(count_items, migrations.RunPython.noop, elidable=True),
    ]
