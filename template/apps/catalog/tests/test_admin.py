from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks
from zeal import zeal_ignore

from apps.catalog.models import Category, Product
from apps.catalog.selectors import category_list
from apps.catalog.services import prices_change, stock_reserve
from apps.catalog.tests.factories import CategoryFactory, ProductFactory, StockMovementFactory
from apps.users.tests.factories import UserFactory

LIST = "admin:catalog_product_changelist"

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Iterator[Client]:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    # Several pages in one test: each reads who is signed in, and what it shows.
    with zeal_ignore(
        [{"model": model, "field": "get()"} for model in ("users.User", "catalog.Product", "catalog.Category")]
    ):
        yield client


def form_of(product: Product, **changes: object) -> dict[str, Any]:
    """Return what the page of a product sends: each field, and what it showed."""
    fields = ("sku", "name", "description", "price", "tax_rate", "stock", "category_id")
    shown = {name.removesuffix("_id"): getattr(product, name) for name in fields} | {"is_active": "on"}
    return {f"initial-{name}": value for name, value in shown.items()} | shown | changes


def change(admin: Client, product: Product, form: dict[str, Any]) -> None:
    response = admin.post(reverse("admin:catalog_product_change", args=[product.pk]), form)
    assert response.status_code == 302, response.content.decode()
    product.refresh_from_db()


def act(admin: Client, action: str, *products: Product) -> None:
    ticked = [str(product.pk) for product in products]
    response = admin.post(reverse(LIST), {"action": action, "_selected_action": ticked, "post": "yes"})
    assert response.status_code == 302


def test_the_list_takes_as_many_queries_however_many_products_there_are(admin: Client) -> None:
    counts = []
    for rows in (1, 9):
        for _ in range(rows):
            ProductFactory.create(category=Category.objects.first() or CategoryFactory.create())
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(reverse(LIST)).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_products_are_found_by_sku_and_name(admin: Client) -> None:
    ProductFactory.create(sku="MUG-1", name="Blue one")
    ProductFactory.create(sku="BOX-1", name="Red one")

    for text in ("mug", "blue"):
        page = admin.get(reverse(LIST), {"q": text}).content.decode()
        assert "MUG-1" in page
        assert "BOX-1" not in page


def test_a_product_is_added_and_seen_in_the_list(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert admin.get("/api/v1/catalog/products/").json()["results"] == []
    form = form_of(ProductFactory.build(sku="MUG-1", category=CategoryFactory.create()))
    assert admin.get(reverse("admin:catalog_product_add")).status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("admin:catalog_product_add"), form)

    assert response.status_code == 302
    assert Product.objects.get().total_price == Decimal(12)
    assert len(admin.get("/api/v1/catalog/products/").json()["results"]) == 1


def test_a_change_is_seen_in_the_list(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    product = ProductFactory.create()
    admin.get("/api/v1/catalog/products/")

    with django_capture_on_commit_callbacks(execute=True):
        change(admin, product, form_of(product, name="Cup"))

    assert admin.get("/api/v1/catalog/products/").json()["results"][0]["name"] == "Cup"


def test_what_changed_while_somebody_had_the_page_open_stays_changed(admin: Client) -> None:
    product = ProductFactory.create(stock=10)
    page = admin.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()
    assert 'name="initial-price" value="10.00"' in page
    stock_reserve(quantities={product.pk: 3})
    prices_change(product_ids=[product.pk], percent=Decimal(10))

    change(admin, product, form_of(product, name="Cup"))
    assert (product.name, product.stock, product.price) == ("Cup", 7, Decimal(11))
    change(admin, product, form_of(product, price=50))
    assert product.price == 50


def test_stock_is_told_when_a_product_is_added_and_shown_from_then_on(admin: Client) -> None:
    product = ProductFactory.create(stock=10)

    assert 'name="stock"' in admin.get(reverse("admin:catalog_product_add")).content.decode()
    assert 'name="stock"' not in admin.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()
    change(admin, product, form_of(product, stock=50))
    assert product.stock == 10


def test_the_sku_of_a_deleted_product_is_refused_in_the_form(admin: Client) -> None:
    ProductFactory.create(sku="MUG-1").soft_delete()
    form = form_of(ProductFactory.build(sku="MUG-1", category=CategoryFactory.create()))

    response = admin.post(reverse("admin:catalog_product_add"), form)

    assert response.status_code == 200
    assert "A product that was deleted has this sku." in response.content.decode()


def test_who_may_only_look_sees_the_page(client: Client) -> None:
    product = ProductFactory.create()
    viewer = UserFactory.create(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_product"))
    client.force_login(viewer)

    assert client.get(reverse("admin:catalog_product_change", args=[product.pk])).status_code == 200
    client.post(reverse(LIST), {"action": "take_off_sale", "_selected_action": [str(product.pk)]})
    product.refresh_from_db()
    assert product.is_active


def test_what_is_deleted_leaves_a_row_behind_whatever_points_at_it(admin: Client) -> None:
    products = [StockMovementFactory.create().product for _ in range(3)]

    confirm = admin.get(reverse("admin:catalog_product_delete", args=[products[0].pk])).content.decode()
    assert products[0].name in confirm
    admin.post(reverse("admin:catalog_product_delete", args=[products[0].pk]), {"post": "yes"})
    act(admin, "delete_selected", *products[1:])

    assert not Product.objects.exists()
    assert Product.all_objects.filter(is_deleted=True).count() == 3


def test_what_is_ticked_goes_on_sale_off_sale_and_down_in_price(admin: Client) -> None:
    products = [ProductFactory.create() for _ in range(2)]
    other = ProductFactory.create()

    act(admin, "take_off_sale", *products)
    assert list(Product.objects.filter(is_active=True)) == [other]
    act(admin, "put_on_sale", products[0])
    assert Product.objects.filter(is_active=True).count() == 2
    act(admin, "ten_percent_off", *products)
    assert list(Product.objects.order_by("pk").values_list("price", flat=True)) == [9, 9, 10]


def test_a_category_that_is_added_is_seen(
    admin: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert category_list() == []

    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("admin:catalog_category_add"), {"name": "Mugs", "slug": "mugs"})

    assert response.status_code == 302
    assert category_list() == [{"name": "Mugs", "slug": "mugs"}]
