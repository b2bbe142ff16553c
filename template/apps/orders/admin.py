"""Orders in the admin: read-only, except for actions that change the status."""

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


class ReadOnlyAdminMixin:
    """Show `fields`, and do not add, change or delete. Comes before the admin class."""

    def has_add_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def get_readonly_fields(self, _request: HttpRequest, _obj: object = None) -> Any:
        return self.fields  # type: ignore[attr-defined]


def status_action(service: Callable[..., Order], description: str) -> Callable[..., None]:
    """Return an admin action that calls a service for each selected order, each in its own transaction."""

    @admin.action(description=description, permissions=["change"])
    def change_status(_admin: OrderAdminBase, request: HttpRequest, orders: QuerySet[Order]) -> None:
        changed = 0
        for order in orders.order_by("pk"):
            try:
                service(order=order)
            except OrderStateError as error:
                messages.warning(request, f"{order}: {error.detail}")
            else:
                changed += 1
        if changed:
            messages.success(request, f"{changed} changed.")

    change_status.__name__ = service.__name__
    return change_status


class OrderItemInline(ReadOnlyAdminMixin, ItemInlineBase):
    """The items of an order."""

    model = OrderItem
    fields = ("sku", "name", "quantity", "unit_price")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdminMixin, OrderAdminBase):
    """Orders."""

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
    list_select_related = ("customer",)
    ordering = ("-id",)
    # Counting all rows of a large table is slow.
    show_full_result_count = False
    search_fields = ("id", "customer__email")
    actions = (
        status_action(order_pay, "Mark as paid"),
        status_action(order_cancel, "Cancel"),
        status_action(order_refund, "Mark as refunded"),
    )


@admin.register(DailyReport)
class DailyReportAdmin(ReadOnlyAdminMixin, ReportAdminBase):
    """Daily reports."""

    fields = ("day", "order_count", "revenue", "refunded", "created_at")
    list_display = ("day", "order_count", "revenue", "refunded")
    ordering = ("-day",)
