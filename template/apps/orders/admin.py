"""Orders in the admin: looked at, and moved from state to state. What was sold is not edited."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.orders.exceptions import OrderStateError
from apps.orders.models import DailyReport, Order, OrderItem
from apps.orders.services import order_cancel, order_pay, order_refund

if TYPE_CHECKING:
    OrderAdminBase = admin.ModelAdmin[Order]
    ReportAdminBase = admin.ModelAdmin[DailyReport]
    ItemInlineBase = admin.TabularInline[OrderItem, Order]
else:
    OrderAdminBase = ReportAdminBase = admin.ModelAdmin
    ItemInlineBase = admin.TabularInline


class LookOnly:
    """What services made, whose sums and stock would be wrong if it were edited. Comes before the admin class."""

    def has_add_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def get_readonly_fields(self, _request: HttpRequest, _obj: object = None) -> Any:
        return self.fields  # type: ignore[attr-defined]


def moves(service: Callable[..., Order], description: str) -> Callable[..., None]:
    """Return an action that calls a service for each order that is ticked, and says what came of it.

    Each in a transaction of its own: one that is refused holds up no other.
    """

    @admin.action(description=description, permissions=["change"])
    def move(_admin: OrderAdminBase, request: HttpRequest, orders: QuerySet[Order]) -> None:
        moved = 0
        for order in orders.order_by("pk"):
            try:
                service(order=order)
            except OrderStateError as refusal:
                messages.warning(request, f"{order}: {refusal.detail}")
            else:
                moved += 1
        if moved:
            messages.success(request, f"{moved} changed.")

    move.__name__ = service.__name__
    return move


class OrderItemInline(LookOnly, ItemInlineBase):
    """What is in an order."""

    model = OrderItem
    fields = ("sku", "name", "quantity", "unit_price")


@admin.register(Order)
class OrderAdmin(LookOnly, OrderAdminBase):
    """Orders, found by their id or their customer's address."""

    fields = (
        "customer",
        "status",
        "amount",
        "item_count",
        "notes",
        "created_at",
        "updated_at",
        "confirmed_at",
        "paid_at",
        "refunded_at",
    )
    inlines = (OrderItemInline,)
    list_display = ("id", "customer", "status", "amount", "item_count", "created_at")
    list_filter = ("status",)
    # A join, instead of a query for each row.
    list_select_related = ("customer",)
    # By id is by creation, and has an index.
    ordering = ("-id",)
    # Counting a large table takes longer than reading the page.
    show_full_result_count = False
    search_fields = ("id", "customer__email")
    actions = (
        moves(order_pay, "Note as paid"),
        moves(order_cancel, "Cancel"),
        moves(order_refund, "Note as refunded"),
    )


@admin.register(DailyReport)
class DailyReportAdmin(LookOnly, ReportAdminBase):
    """What each day brought."""

    fields = ("day", "order_count", "revenue", "refunded", "created_at")
    list_display = ("day", "order_count", "revenue", "refunded")
    ordering = ("-day",)
