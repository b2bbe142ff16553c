from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from apps.orders.confirmation import CONFIRM_AFTER
from apps.orders.models import Order, OrderItem
from apps.orders.services import PAYMENT_PERIOD
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.users.demo import DEMO_EMAIL, DEMO_PASSWORD
from apps.users.models import User

pytestmark = pytest.mark.django_db


def run(*command: str) -> list[str]:
    """Run a command, and return the lines that it prints."""
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue().splitlines()


def test_seed_demo_creates_consistent_orders() -> None:
    printed = run("seed_demo", "--products", "3", "--users", "2", "--orders", "50")

    assert printed == ["Demo data: 3 products, 2 users, 50 orders"]
    # The demo user is added.
    assert User.objects.count() == 3
    assert Order.objects.count() == 50
    for order in Order.objects.prefetch_related("items"):
        items = list(order.items.all())
        assert order.item_count == sum(item.quantity for item in items) > 0
        assert order.amount == sum(item.quantity * item.unit_price for item in items)
        assert order.confirmed_at
        assert bool(order.paid_at) is (order.status in {Status.PAID, Status.REFUNDED})
        assert bool(order.refunded_at) is (order.status == Status.REFUNDED)


def test_seed_demo_adds_to_existing_data() -> None:
    for _ in range(2):
        run("seed_demo", "--products", "1", "--users", "1", "--orders", "5")

    assert Order.objects.count() == 10
    assert OrderItem.objects.values("product_id").distinct().count() == 2
    # DEBUG is off.
    assert not User.objects.get(email=DEMO_EMAIL).has_usable_password()


def test_seed_demo_once_does_nothing_the_second_time(settings: Settings) -> None:
    settings.DEBUG = True
    login = f"Demo login: {DEMO_EMAIL}, {DEMO_PASSWORD}"

    created, shown = run("seed_demo", "--once")
    orders = Order.objects.count()
    assert shown == login
    assert f"{orders} orders" in created
    assert run("seed_demo", "--once") == [login]

    assert Order.objects.count() == orders > 0
    assert User.objects.get(email=DEMO_EMAIL).check_password(DEMO_PASSWORD)


@pytest.mark.parametrize("arguments", [[], ["--orders", "1"], ["--products", "-1"]])
def test_seed_demo_refuses_invalid_numbers(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="--products 30"):
        run("seed_demo", *arguments)

    assert not User.objects.exists()


def test_daily_orders_cancels_unpaid_orders_and_sends_one_report() -> None:
    long_ago = timezone.now() - 2 * PAYMENT_PERIOD
    unpaid = OrderFactory.create(created_at=long_ago, confirmed_at=long_ago)

    assert run("daily_orders") == ["1 cancelled, report sent"]
    assert run("daily_orders") == ["0 cancelled, report was already sent"]

    unpaid.refresh_from_db()
    assert unpaid.status == Status.CANCELLED


def test_confirm_orders_confirms_each_order_once() -> None:
    OrderFactory.create(created_at=timezone.now() - 2 * CONFIRM_AFTER)

    assert run("confirm_orders") == ["1 confirmed"]
    assert run("confirm_orders") == ["0 confirmed"]
