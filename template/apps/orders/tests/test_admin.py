import pytest
from django.test import Client
from django.urls import reverse
from zeal import zeal_ignore

from apps.orders.models import Order
from apps.orders.states import Status
from apps.orders.tests.factories import DailyReportFactory, OrderFactory, OrderItemFactory
from apps.users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

LIST = reverse("admin:orders_order_changelist")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def run_action(admin: Client, action: str, *orders: Order) -> str:
    """Run an action on orders, and return the next page."""
    data = {"action": action, "_selected_action": [str(order.pk) for order in orders]}
    # Each order is locked and changed in its own transaction.
    with zeal_ignore([{"model": "orders.Order", "field": "get()"}]):
        return admin.post(LIST, data, follow=True).content.decode()


def test_action_changes_each_order_and_reports_refused_transitions(admin: Client) -> None:
    pending, paid = OrderFactory.create(), OrderFactory.create(status=Status.PAID)

    page = run_action(admin, "order_pay", pending, paid)

    assert "1 changed." in page
    assert f"Order {paid.pk}: This order is paid: it cannot become paid." in page
    pending.refresh_from_db()
    assert pending.status == Status.PAID


def test_orders_are_cancelled_and_refunded(admin: Client) -> None:
    pending, paid = OrderFactory.create(), OrderFactory.create(status=Status.PAID)

    run_action(admin, "order_cancel", pending)
    run_action(admin, "order_refund", paid)

    pending.refresh_from_db()
    paid.refresh_from_db()
    assert [pending.status, paid.status] == [Status.CANCELLED, Status.REFUNDED]


def test_orders_are_read_only(admin: Client) -> None:
    item = OrderItemFactory.create(name="Lamp")
    url = reverse("admin:orders_order_change", args=[item.order.pk])

    page = admin.get(url).content.decode()
    admin.post(url, {"amount": "0.01", "status": "paid"})

    assert "Lamp" in page
    assert 'name="amount"' not in page
    item.order.refresh_from_db()
    assert (str(item.order.amount), item.order.status) == ("12.00", "pending")
    assert admin.get(reverse("admin:orders_order_add")).status_code == 403
    assert admin.get(reverse("admin:orders_order_delete", args=[item.order.pk])).status_code == 403


def test_orders_are_found_by_customer(admin: Client) -> None:
    OrderFactory.create(customer__email="ada@example.com")
    OrderFactory.create(customer__email="grace@example.com")

    page = admin.get(LIST, {"q": "grace"}).content.decode()

    assert "grace@example.com" in page
    assert "ada@example.com" not in page


def test_reports_are_shown(admin: Client) -> None:
    report = DailyReportFactory.create()

    assert "Jan. 31, 2026" in admin.get(reverse("admin:orders_dailyreport_changelist")).content.decode()
    assert admin.get(reverse("admin:orders_dailyreport_change", args=[report.pk])).status_code == 200
