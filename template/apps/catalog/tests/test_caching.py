from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from apps.catalog import demo, services
from apps.catalog.import_export import products_import
from apps.catalog.models import Category, Product
from apps.catalog.selectors import category_list, product_statistics
from apps.catalog.tests.factories import CategoryFactory, ProductFactory

PRODUCTS = "/api/v1/catalog/products/"
ROW = "sku,name,category,price,tax_rate,stock\nMUG-1,Cup,mugs,1.00,0.10,3\n"

Commit = Callable[[], AbstractContextManager[object]]

pytestmark = pytest.mark.django_db


@pytest.fixture
def commit(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Commit:
    """Return a context manager that runs `on_commit` callbacks at its end."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def product() -> Product:
    return ProductFactory.create(sku="MUG-1", category__slug="mugs")


def results(client: APIClient) -> Any:
    return client.get(PRODUCTS).json()["results"]


def test_list_is_cached_per_url(
    api_client: APIClient, django_assert_num_queries: DjangoAssertNumQueries, product: Product
) -> None:
    first = api_client.get(PRODUCTS)

    with django_assert_num_queries(0):
        again = api_client.get(PRODUCTS)
    with django_assert_num_queries(1):
        api_client.get(PRODUCTS, {"in_stock": "false"})

    assert again.json() == first.json()
    assert first.json()["results"][0]["id"] == str(product.pk)


def test_unknown_parameters_and_their_order_do_not_change_the_cached_page(
    api_client: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ProductFactory.create_batch(2)

    first = api_client.get(PRODUCTS, {"x": "1", "page_size": "1", "price_min": "1"}).json()
    with django_assert_num_queries(0):
        again = api_client.get(f"{PRODUCTS}?price_min=1&utm_source=mail&page_size=1").json()

    assert again == first
    assert "x=1" not in first["next"]
    assert "price_min=1" in first["next"]
    assert api_client.get(first["next"]).json()["previous"]


def rename_category(_product: Product) -> None:
    category = Category.objects.get()
    category.slug = "cups"
    category.save()


CHANGES: dict[str, Callable[[Product], object]] = {
    "stock_reserve": lambda product: services.stock_reserve(quantities={product.pk: 1}),
    "stock_release": lambda product: services.stock_release(quantities={product.pk: 1}),
    "product_create": lambda product: services.product_create(
        sku="MUG-2", name="Mug", category=product.category.slug, price=Decimal(1)
    ),
    "product_update": lambda product: services.product_update(product_id=product.pk, name="Cup"),
    "product_delete": lambda product: services.product_delete(product_id=product.pk),
    "products_set_active": lambda product: services.products_set_active(product_ids=[product.pk], is_active=False),
    "prices_change": lambda product: services.prices_change(product_ids=[product.pk], percent=Decimal(10)),
    "products_import": lambda _: products_import(lines=ROW.splitlines(keepends=True)),
    "products_seed": lambda _: demo.products_seed(count=1),
    "rename_category": rename_category,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_invalidates_the_list(
    api_client: APIClient, product: Product, commit: Commit, change: Callable[[Product], object]
) -> None:
    before = results(api_client)

    with commit():
        change(product)

    assert results(api_client) != before


def test_statistics_are_cached_until_the_stock_changes(
    product: Product, commit: Commit, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    product_statistics(product_id=product.pk)
    # The product itself is read each time.
    with django_assert_num_queries(1):
        product_statistics(product_id=product.pk)

    with commit():
        services.stock_reserve(quantities={product.pk: 2})

    assert product_statistics(product_id=product.pk)["reserved"] == 2


def test_categories_are_cached_until_one_changes(
    commit: Commit, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    category = CategoryFactory.create(name="Mugs", slug="mugs")
    category_list()
    with django_assert_num_queries(0):
        assert category_list() == [{"name": "Mugs", "slug": "mugs"}]

    category.name = "Cups"
    with commit():
        category.save()
    assert category_list() == [{"name": "Cups", "slug": "mugs"}]
    with commit():
        category.delete()
    assert category_list() == []
