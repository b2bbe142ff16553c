"""What is read from the cache is never older than what was committed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from apps.catalog import demo, services
from apps.catalog.files import products_import
from apps.catalog.models import Category, Product
from apps.catalog.selectors import category_list, product_statistics
from apps.catalog.tests.factories import CategoryFactory, ProductFactory

PRODUCTS = "/api/v1/catalog/products/"
Commit = Callable[[], AbstractContextManager[object]]
ROW = "sku,name,category,price,tax_rate,stock\nMUG-1,Cup,mugs,1.00,0.10,3\n"

pytestmark = pytest.mark.django_db


@pytest.fixture
def committed(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Commit:
    """Return what commits at the end of a `with` block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def product() -> Product:
    return ProductFactory.create(sku="MUG-1", category__slug="mugs")


def listed(client: APIClient) -> Any:
    return client.get(PRODUCTS).json()["results"]


def test_the_list_is_read_once_and_for_each_address(
    api_client: APIClient, django_assert_num_queries: DjangoAssertNumQueries, product: Product
) -> None:
    first = api_client.get(PRODUCTS)

    with django_assert_num_queries(0):
        again = api_client.get(PRODUCTS)
    with django_assert_num_queries(1):
        api_client.get(PRODUCTS, {"in_stock": "false"})

    assert again.json() == first.json()
    assert first.json()["results"][0]["id"] == str(product.pk)


def test_what_the_list_does_not_know_makes_no_page_of_its_own(
    api_client: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(2):
        ProductFactory.create()

    first = api_client.get(PRODUCTS, {"x": "1", "page_size": "1", "price_min": "1"}).json()
    with django_assert_num_queries(0):
        others = [
            api_client.get(f"{PRODUCTS}?{query}").json()
            for query in ("price_min=1&page_size=1", "page_size=1&price_min=9&price_min=1&x=2&utm_source=mail")
        ]

    assert others == [first] * 2
    # Links go to everybody.
    assert "x=1" not in first["next"]
    assert "price_min=1" in first["next"]
    assert api_client.get(first["next"]).json()["previous"]


def rename(category: Category) -> None:
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
    "products_deactivate": lambda product: services.products_deactivate(product_ids=[product.pk]),
    "prices_change": lambda product: services.prices_change(product_ids=[product.pk], percent=Decimal(10)),
    "products_import": lambda _: products_import(lines=ROW.splitlines(keepends=True)),
    "products_seed": lambda _: demo.products_seed(count=1),
    "category": lambda _: rename(Category.objects.get()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen_in_the_list(
    api_client: APIClient, product: Product, committed: Commit, change: Callable[[Product], object]
) -> None:
    before = listed(api_client)

    with committed():
        change(product)

    assert listed(api_client) != before


def test_what_is_put_on_sale_is_seen(api_client: APIClient, committed: Commit) -> None:
    product = ProductFactory.create(is_active=False)
    assert listed(api_client) == []

    with committed():
        services.products_activate(product_ids=[product.pk])

    assert len(listed(api_client)) == 1


def test_a_change_that_is_taken_back_forgets_nothing(
    api_client: APIClient, product: Product, committed: Commit, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    before = listed(api_client)
    with committed(), transaction.atomic():
        services.product_update(product_id=product.pk, name="Cup")
        transaction.set_rollback(True)

    with django_assert_num_queries(0):
        assert listed(api_client) == before


def test_statistics_are_read_once_until_the_stock_moves(
    product: Product, committed: Commit, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    product_statistics(product_id=product.pk)
    # Whether the product is still there.
    with django_assert_num_queries(1):
        product_statistics(product_id=product.pk)

    with committed():
        services.stock_reserve(quantities={product.pk: 2})
    assert product_statistics(product_id=product.pk)["reserved"] == 2
    with committed():
        services.stock_release(quantities={product.pk: 1})
    assert product_statistics(product_id=product.pk)["returned"] == 1


def test_categories_are_read_once_until_one_changes(
    committed: Commit, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    category = CategoryFactory.create(name="Mugs", slug="mugs")
    category_list()
    with django_assert_num_queries(0):
        assert category_list() == [{"name": "Mugs", "slug": "mugs"}]

    category.name = "Cups"
    with committed():
        category.save()
    assert category_list() == [{"name": "Cups", "slug": "mugs"}]
    with committed():
        category.delete()
    assert category_list() == []
