"""Products and categories in the admin."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest

from apps.catalog import services
from apps.catalog.caches import PRODUCTS
from apps.catalog.models import Category, Product
from apps.core.caching import invalidate_on_commit

if TYPE_CHECKING:
    ProductAdminBase = admin.ModelAdmin[Product]
    CategoryAdminBase = admin.ModelAdmin[Category]
    ProductFormBase = ModelForm[Product]
else:
    ProductAdminBase = CategoryAdminBase = admin.ModelAdmin
    ProductFormBase = ModelForm


class ProductForm(ProductFormBase):
    """Change only the fields that the user edited, so that concurrent changes of others are kept."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            # Compare with the value that the form showed, and not with the current one.
            field.show_hidden_initial = True

    def clean_sku(self) -> str:
        """Refuse the SKU of a deleted product, which the unique check of the form does not see."""
        sku: str = self.cleaned_data["sku"]
        if Product.all_objects.filter(sku=sku, is_deleted=True).exists():
            raise ValidationError("A deleted product has this SKU.")
        return sku


@admin.register(Product)
class ProductAdmin(ProductAdminBase):
    """Products."""

    form = ProductForm
    list_display = ("sku", "name", "category", "price", "total_price", "stock", "is_active")
    list_filter = ("is_active", "category")
    list_select_related = ("category",)
    search_fields = ("sku", "name")
    autocomplete_fields = ("category",)
    ordering = ("-id",)
    # Counting all rows of a large table is slow.
    show_full_result_count = False
    readonly_fields = ("total_price", "created_at", "updated_at")
    actions = ("put_on_sale", "take_off_sale", "discount")

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:
        """Make the stock of an existing product read-only: orders change it while the form is open."""
        return (*self.readonly_fields, *(["stock"] if obj else []))

    def save_model(self, request: HttpRequest, obj: Product, form: "ModelForm[Product]", change: bool) -> None:  # noqa: FBT001
        obj.save(update_fields=[*form.changed_data, "updated_at"] if change else None)
        invalidate_on_commit(PRODUCTS)

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        services.product_delete(product_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        for product in queryset:
            services.product_delete(product_id=product.pk)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """Skip the check for related objects: a soft delete removes and blocks nothing."""
        names = [str(product) for product in objs]
        return names, {Product._meta.verbose_name_plural: len(names)}, set(), []

    @admin.action(description="Put on sale", permissions=["change"])
    def put_on_sale(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Put the selected products on sale."""
        self._report(request, services.products_set_active(product_ids=_ids(queryset), is_active=True))

    @admin.action(description="Take off sale", permissions=["change"])
    def take_off_sale(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Take the selected products off sale."""
        self._report(request, services.products_set_active(product_ids=_ids(queryset), is_active=False))

    @admin.action(description="Discount by 10 %%", permissions=["change"])
    def discount(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Lower the prices of the selected products."""
        self._report(request, services.prices_change(product_ids=_ids(queryset), percent=Decimal(-10)))

    def _report(self, request: HttpRequest, count: int) -> None:
        self.message_user(request, f"{count} changed.", messages.SUCCESS)


@admin.register(Category)
class CategoryAdmin(CategoryAdminBase):
    """Categories."""

    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    ordering = ("name",)
    prepopulated_fields = {"slug": ("name",)}


def _ids(products: QuerySet[Product]) -> list[Any]:
    return list(products.values_list("pk", flat=True))
