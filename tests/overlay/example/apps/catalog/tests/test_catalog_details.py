"""Indexes, system checks and the admin of the catalog."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient
from zeal import zeal_ignore

from apps.catalog import demo
from apps.catalog.models import Category, Product
from apps.catalog.selectors import category_list, product_list
from apps.catalog.services import product_update
from apps.catalog.tests.factories import CategoryFactory, ProductFactory
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:catalog_product_changelist")


@pytest.fixture
def category() -> Category:
    """Return one of 5 categories with 600 products each, after ANALYZE."""
    categories = CategoryFactory.create_batch(5)
    Product.objects.bulk_create(
        ProductFactory.build(category=category, price=Decimal(price))
        for category in categories
        for price in range(1, 601)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product, catalog_category")
    return categories[0]


def test_page_of_a_category_is_read_from_its_index_without_a_sort(category: Category) -> None:
    plan = product_list().filter(category=category).order_by("-id")[:25].explain()

    assert "catalog_product_by_category" in plan
    assert "Sort" not in plan


@pytest.mark.usefixtures("category")
def test_price_filter_uses_its_index() -> None:
    assert "catalog_product_by_price" in product_list().filter(total_price__gte=Decimal(719)).explain()


def test_product_is_checked_without_a_database(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Django 6.1 asks the database for, and caches.
    monkeypatch.delitem(connections["default"].__dict__, "pg_version", raising=False)
    monkeypatch.delitem(connections["default"].features.__dict__, "is_postgresql_18", raising=False)

    with django_assert_num_queries(0):
        assert Product.check(databases=["default"]) == []

    assert "pg_version" not in vars(connections["default"])


def test_demo_products_are_inserted_in_batches(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "BATCH_SIZE", 50)

    # Categories, existing products, two batches, and savepoints.
    with django_assert_num_queries(8):
        demo.products_seed(count=100)


def test_rolled_back_change_keeps_the_cached_list(
    api_client: APIClient,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    product = ProductFactory.create()
    api_client.get("/api/v1/catalog/products/")
    with django_capture_on_commit_callbacks(), zeal_ignore():
        product_update(product_id=product.pk, name="Cup")

    with django_assert_num_queries(0):
        assert api_client.get("/api/v1/catalog/products/").json()["results"][0]["name"] != "Cup"


def test_admin_list_takes_the_same_queries_for_any_number_of_products(admin_client: Client) -> None:
    counts = []
    with zeal_ignore():
        for rows in (1, 9):
            ProductFactory.create_batch(rows)
            with CaptureQueriesContext(connection) as queries:
                assert admin_client.get(LIST).status_code == 200
            counts.append(len(queries))

    assert counts[0] == counts[1]


def test_admin_user_with_view_permission_cannot_run_actions(client: Client) -> None:
    product = ProductFactory.create()
    viewer = UserFactory.create(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_product"))
    client.force_login(viewer)

    with zeal_ignore():
        assert client.get(reverse("admin:catalog_product_change", args=[product.pk])).status_code == 200
        client.post(LIST, {"action": "take_off_sale", "_selected_action": [str(product.pk)]})

    product.refresh_from_db()
    assert product.is_active


def test_category_added_in_the_admin_is_listed(
    admin_client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    assert category_list() == []

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(reverse("admin:catalog_category_add"), {"name": "Mugs", "slug": "mugs"})

    assert category_list() == [{"name": "Mugs", "slug": "mugs"}]


def test_lists_may_be_cached_for_a_minute(api_client: APIClient) -> None:
    assert api_client.get("/api/v1/catalog/products/")["Cache-Control"] == "public, max-age=60"
