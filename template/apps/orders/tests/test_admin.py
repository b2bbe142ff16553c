import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from zeal import zeal_ignore

from apps.orders.models import Order
from apps.orders.states import Status
from apps.orders.tests.factories import DailyReportFactory, OrderFactory, OrderItemFactory
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:orders_order_changelist")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def act(admin: Client, action: str, orders: list[Order]) -> str:
    """Tick orders, choose an action, and return the page that follows."""
    ticked = {"action": action, "_selected_action": [str(order.pk) for order in orders]}
    with zeal_ignore():
        return admin.post(LIST, ticked, follow=True).content.decode()


def test_orders_are_moved_together_and_each_refusal_is_told(admin: Client) -> None:
    pending, paid = OrderFactory.create(), OrderFactory.create(status=Status.PAID)

    page = act(admin, "order_pay", [pending, paid])

    assert "1 changed." in page
    assert f"Order {paid.pk}: This order is paid: it cannot become paid." in page
    pending.refresh_from_db()
    assert pending.status == Status.PAID


def test_orders_are_cancelled_and_refunded(admin: Client) -> None:
    pending, paid = OrderFactory.create(), OrderFactory.create(status=Status.PAID)

    act(admin, "order_cancel", [pending])
    act(admin, "order_refund", [paid])

    pending.refresh_from_db()
    paid.refresh_from_db()
    assert [pending.status, paid.status] == [Status.CANCELLED, Status.REFUNDED]


def test_when_all_are_refused_nothing_is_said_to_have_changed(admin: Client) -> None:
    assert "changed." not in act(admin, "order_refund", [OrderFactory.create()])


def test_what_was_sold_is_looked_at_and_not_edited(admin: Client) -> None:
    item = OrderItemFactory.create(name="Lamp")
    address = reverse("admin:orders_order_change", args=[item.order.pk])

    with zeal_ignore():
        page = admin.get(address).content.decode()
        admin.post(address, {"amount": "0.01", "status": "paid"})

    assert "Lamp" in page
    assert 'name="amount"' not in page
    item.order.refresh_from_db()
    assert (str(item.order.amount), item.order.status) == ("12.00", "pending")
    assert admin.get(reverse("admin:orders_order_add")).status_code == 403
    assert admin.get(reverse("admin:orders_order_delete", args=[item.order.pk])).status_code == 403


def test_a_page_of_orders_takes_as_many_queries_however_long_it_is(admin: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin.get(LIST).status_code == 200
        return len(captured)

    with zeal_ignore():
        OrderFactory.create()
        one = queries()
        OrderFactory.create_batch(9)
        assert queries() == one


def test_orders_are_found_by_their_customer(admin: Client) -> None:
    OrderFactory.create(customer__email="ada@example.com")
    OrderFactory.create(customer__email="grace@example.com")

    page = admin.get(LIST, {"q": "grace"}).content.decode()

    assert "grace@example.com" in page
    assert "ada@example.com" not in page


def test_reports_are_looked_at(admin: Client) -> None:
    report = DailyReportFactory.create()

    with zeal_ignore():
        assert "Jan. 31, 2026" in admin.get(reverse("admin:orders_dailyreport_changelist")).content.decode()
        assert admin.get(reverse("admin:orders_dailyreport_change", args=[report.pk])).status_code == 200
