from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings
from zeal import zeal_ignore

from apps.orders.management.commands import seed_demo
from apps.orders.models import Order, OrderItem
from apps.orders.states import Status
from apps.orders.tests.factories import OrderFactory
from apps.users.demo import DEMO_EMAIL, DEMO_PASSWORD
from apps.users.models import User

pytestmark = pytest.mark.django_db


def run(*command: str) -> list[str]:
    """Run a command, and return the lines that it prints."""
    out = StringIO()
    with zeal_ignore():
        call_command(*command, stdout=out)
    return out.getvalue().splitlines()


def test_as_much_is_made_as_was_asked_for() -> None:
    before = User.objects.count()

    printed = run("seed_demo", "--products", "3", "--users", "2", "--orders", "50")

    assert printed == ["Demo data: 3 products, 2 users, 50 orders"]
    # And the demo user.
    assert User.objects.count() == before + 3
    assert Order.objects.count() == 50
    for order in Order.objects.prefetch_related("items"):
        items = list(order.items.all())
        assert order.item_count == sum(item.quantity for item in items) > 0
        assert order.amount == sum(item.quantity * item.unit_price for item in items)
        assert order.confirmed_at
        assert bool(order.paid_at) is (order.status in {Status.PAID, Status.REFUNDED})
        assert bool(order.refunded_at) is (order.status == Status.REFUNDED)


def test_more_comes_on_top() -> None:
    for _ in range(2):
        run("seed_demo", "--products", "1", "--users", "1", "--orders", "5")

    assert Order.objects.count() == 10
    assert OrderItem.objects.values("product_id").distinct().count() == 2


def test_once_is_once(settings: Settings) -> None:
    settings.DEBUG = True
    login = f"Demo login: {DEMO_EMAIL}, {DEMO_PASSWORD}"

    assert run("seed_demo", "--once") == ["Demo data: 30 products, 5 users, 200 orders", login]
    assert run("seed_demo", "--once") == [login]

    assert Order.objects.count() == 200
    assert User.objects.get(email=DEMO_EMAIL).check_password(DEMO_PASSWORD)


def test_once_is_done_again_where_it_was_interrupted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = True

    def interrupt(**_wanted: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seed_demo, "orders_seed", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run("seed_demo", "--once")

    assert run("seed_demo", "--once")[0] == "Demo data: 30 products, 5 users, 200 orders"
    # The demo user among them.
    assert User.objects.count() == 6


def test_in_production_nobody_can_sign_in_with_what_everybody_knows() -> None:
    run("seed_demo", "--users", "1")

    assert not User.objects.get(email=DEMO_EMAIL).has_usable_password()


@pytest.mark.parametrize("arguments", [[], ["--orders", "1"], ["--products", "-1"]])
def test_what_makes_no_sense_is_refused_and_nothing_is_made(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="--products 30"):
        run("seed_demo", *arguments)

    assert not User.objects.exists()


def test_what_is_due_once_a_day_is_done() -> None:
    long_ago = timezone.now() - timedelta(days=8)
    unpaid = OrderFactory.create(created_at=long_ago, confirmed_at=long_ago)

    assert run("daily_orders") == ["1 cancelled, report sent"]
    assert run("daily_orders") == ["0 cancelled, report sent before"]

    unpaid.refresh_from_db()
    assert unpaid.status == Status.CANCELLED


def test_forgotten_orders_are_confirmed() -> None:
    OrderFactory.create(created_at=timezone.now() - timedelta(minutes=2))

    assert run("confirm_orders") == ["1 confirmed"]
    assert run("confirm_orders") == ["0 confirmed"]
