from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.catalog.models import Product
from apps.catalog.services import prices_change, stock_reserve
from apps.catalog.tests.factories import CategoryFactory, ProductFactory, StockMovementFactory
from apps.users.tests.factories import UserFactory

LIST = "admin:catalog_product_changelist"
ADD = "admin:catalog_product_add"

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Iterator[Client]:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    # The form of the admin reads the category of a product several times.
    with zeal_ignore([{"model": "catalog.Category", "field": "get()"}, {"model": "catalog.Product", "field": "get()"}]):
        yield client


def form(product: Product, **changes: object) -> dict[str, Any]:
    """Return what the browser sends: each field, and the value that the form showed."""
    fields = ("sku", "name", "description", "price", "tax_rate", "stock", "category_id")
    shown = {name.removesuffix("_id"): getattr(product, name) for name in fields} | {"is_active": "on"}
    return {f"initial-{name}": value for name, value in shown.items()} | shown | changes


def save(admin: Client, product: Product, data: dict[str, Any]) -> None:
    response = admin.post(reverse("admin:catalog_product_change", args=[product.pk]), data)
    assert response.status_code == 302, response.content.decode()
    product.refresh_from_db()


def run_action(admin: Client, action: str, *products: Product) -> None:
    data = {"action": action, "_selected_action": [str(product.pk) for product in products], "post": "yes"}
    assert admin.post(reverse(LIST), data).status_code == 302


def test_products_are_found_by_sku_and_name(admin: Client) -> None:
    ProductFactory.create(sku="MUG-1", name="Blue one")
    ProductFactory.create(sku="BOX-1", name="Red one")

    for text in ("mug", "blue"):
        page = admin.get(reverse(LIST), {"q": text}).content.decode()
        assert "MUG-1" in page
        assert "BOX-1" not in page


def test_added_and_changed_products_are_seen_in_the_list_of_the_api(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def names() -> list[str]:
        return [row["name"] for row in admin.get("/api/v1/catalog/products/").json()["results"]]

    assert names() == []
    data = form(ProductFactory.build(name="Mug", category=CategoryFactory.create()))
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(reverse(ADD), data).status_code == 302
    assert names() == ["Mug"]

    product = Product.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        save(admin, product, form(product, name="Cup"))
    assert names() == ["Cup"]


def test_form_keeps_concurrent_changes_of_other_fields(admin: Client) -> None:
    product = ProductFactory.create(stock=10)
    page = admin.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()
    assert 'name="initial-price" value="10.00"' in page
    assert 'name="stock"' not in page
    stock_reserve(quantities={product.pk: 3})
    prices_change(product_ids=[product.pk], percent=Decimal(10))

    save(admin, product, form(product, name="Cup", stock=50))

    assert (product.name, product.stock, product.price) == ("Cup", 7, Decimal(11))


def test_form_refuses_the_sku_of_a_deleted_product(admin: Client) -> None:
    ProductFactory.create(sku="MUG-1").soft_delete()

    response = admin.post(reverse(ADD), form(ProductFactory.build(sku="MUG-1", category=CategoryFactory.create())))

    assert response.status_code == 200
    assert "A deleted product has this SKU." in response.content.decode()


def test_delete_is_a_soft_delete(admin: Client) -> None:
    products = [StockMovementFactory.create().product for _ in range(3)]
    url = reverse("admin:catalog_product_delete", args=[products[0].pk])

    assert products[0].name in admin.get(url).content.decode()
    admin.post(url, {"post": "yes"})
    run_action(admin, "delete_selected", *products[1:])

    assert not Product.objects.exists()
    assert Product.all_objects.filter(is_deleted=True).count() == 3


def test_actions_change_the_selected_products(admin: Client) -> None:
    first, second, other = ProductFactory.create_batch(3)

    run_action(admin, "take_off_sale", first, second)
    assert list(Product.objects.filter(is_active=True)) == [other]
    run_action(admin, "put_on_sale", first)
    assert Product.objects.filter(is_active=True).count() == 2
    run_action(admin, "discount", first, second)
    assert list(Product.objects.order_by("pk").values_list("price", flat=True)) == [9, 9, 10]
