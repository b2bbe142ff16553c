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
    """A product. What was not changed in the form stays as it is, whatever orders took meanwhile."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            # Compared with what the page showed, and not with what is there when it is sent.
            field.show_hidden_initial = True

    def clean_sku(self) -> str:
        """Return the sku.

        Raises:
            ValidationError: A deleted product has it. The check of the form does not see those.
        """
        sku: str = self.cleaned_data["sku"]
        if Product.all_objects.filter(sku=sku, is_deleted=True).exists():
            raise ValidationError("A product that was deleted has this sku.")
        return sku


@admin.register(Product)
class ProductAdmin(ProductAdminBase):
    """Products, on sale or not, found by sku or name."""

    form = ProductForm
    list_display = ("sku", "name", "category", "price", "total_price", "stock", "is_active")
    list_filter = ("is_active", "category")
    list_select_related = ("category",)
    search_fields = ("sku", "name")
    autocomplete_fields = ("category",)
    # By id is by creation, and has an index. To count all rows for each search would read them all.
    ordering = ("-id",)
    show_full_result_count = False
    readonly_fields = ("total_price", "created_at", "updated_at")
    actions = ("put_on_sale", "take_off_sale", "ten_percent_off")

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:
        """Return what the page only shows. A number that is typed would undo what is sold while somebody types."""
        return (*self.readonly_fields, *(["stock"] if obj else []))

    def save_model(self, request: HttpRequest, obj: Product, form: "ModelForm[Product]", change: bool) -> None:  # noqa: FBT001
        """Save what was changed, and no more."""
        obj.save(update_fields=[*form.changed_data, "updated_at"] if change else None)
        invalidate_on_commit(PRODUCTS)

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        """Take it away; what was ordered of it keeps its place."""
        services.product_delete(product_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Do the same for those that are ticked."""
        for product in queryset:
            services.product_delete(product_id=product.pk)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """Name the products alone: nothing that points at them goes, or stands in the way."""
        names = [str(product) for product in objs]
        return names, {Product._meta.verbose_name_plural: len(names)}, set(), []

    @admin.action(description="Put on sale", permissions=["change"])
    def put_on_sale(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Put what is ticked on sale."""
        self._tell(request, services.products_activate(product_ids=_ids(queryset)))

    @admin.action(description="Take off sale", permissions=["change"])
    def take_off_sale(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Take what is ticked off sale."""
        self._tell(request, services.products_deactivate(product_ids=_ids(queryset)))

    @admin.action(description="10 %% off", permissions=["change"])
    def ten_percent_off(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Lower the prices of what is ticked."""
        self._tell(request, services.prices_change(product_ids=_ids(queryset), percent=Decimal(-10)))

    def _tell(self, request: HttpRequest, count: int) -> None:
        self.message_user(request, f"Changed: {count}.", messages.SUCCESS)


@admin.register(Category)
class CategoryAdmin(CategoryAdminBase):
    """Categories, found by name."""

    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    ordering = ("name",)
    prepopulated_fields = {"slug": ("name",)}


def _ids(products: QuerySet[Product]) -> list[Any]:
    return list(products.values_list("pk", flat=True))
