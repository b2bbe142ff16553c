from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F

BATCH = 1000


def tell_when_paid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the columns of orders that were paid before there were any, as far as anybody can tell, in batches as 0004.

    The last change of an order was its last move. When one was paid that is refunded by now, nobody wrote down: the day
    it was placed is the nearest.
    """
    orders = apps.get_model("orders", "Order").objects.using(schema_editor.connection.alias)
    following = orders.order_by("pk")
    while ids := list(following.values_list("pk", flat=True)[:BATCH]):
        untold = orders.filter(pk__in=ids, paid_at=None)
        untold.filter(status="paid").update(paid_at=F("updated_at"))
        untold.filter(status="refunded").update(paid_at=F("created_at"), refunded_at=F("updated_at"))
        following = orders.filter(pk__gt=ids[-1]).order_by("pk")


class Migration(migrations.Migration):
    # Or all of the table would stay locked until the last row is done.
    atomic = False

    dependencies = [
        ("orders", "0008_order_paid_at_refunded_at"),
    ]

    operations = [
        # Backwards there is nothing to do: the columns go with the migration before.
        migrations.RunPython(tell_when_paid, migrations.RunPython.noop, elidable=True),
    ]
