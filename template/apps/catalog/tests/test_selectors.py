from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.catalog.exceptions import ProductNotFoundError
from apps.catalog.selectors import category_list, product_get, product_list, product_statistics
from apps.catalog.tests.factories import CategoryFactory, ProductFactory, StockMovementFactory

pytestmark = pytest.mark.django_db


def test_list_has_only_products_on_sale() -> None:
    product = ProductFactory.create()
    ProductFactory.create(is_active=False)
    ProductFactory.create().soft_delete()

    assert list(product_list()) == [product]


def test_list_reads_categories_in_the_same_query_and_no_descriptions(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ProductFactory.create_batch(3)

    with django_assert_num_queries(1) as queries:
        assert len({product.category.name for product in product_list()}) == 3

    assert "description" not in queries.captured_queries[0]["sql"]


def test_product_off_sale_is_visible_to_staff_only() -> None:
    product = ProductFactory.create(is_active=False)

    assert product_get(product_id=product.pk, is_staff=True) == product
    with pytest.raises(ProductNotFoundError):
        product_get(product_id=product.pk)


def test_deleted_product_is_not_found() -> None:
    product = ProductFactory.create()
    product.soft_delete()

    for product_id in (product.pk, uuid4()):
        with pytest.raises(ProductNotFoundError):
            product_get(product_id=product_id, is_staff=True)
        with pytest.raises(ProductNotFoundError):
            product_statistics(product_id=product_id)


def test_statistics_add_up_the_movements_of_the_last_thirty_days() -> None:
    product = ProductFactory.create()
    now = timezone.now()
    for change, days in ((-3, 0), (-2, 29), (1, 10), (-50, 31), (70, 40)):
        StockMovementFactory.create(product=product, change=change, created_at=now - timedelta(days=days))
    StockMovementFactory.create()

    statistics = product_statistics(product_id=product.pk)

    assert statistics == {"reserved": 5, "returned": 1, "movements": 3, "last_movement_at": now.isoformat()}


def test_statistics_of_a_product_without_movements_are_zero() -> None:
    statistics = product_statistics(product_id=ProductFactory.create().pk)

    assert statistics == {"reserved": 0, "returned": 0, "movements": 0, "last_movement_at": None}


def test_categories_are_ordered_by_name() -> None:
    CategoryFactory.create(name="Office", slug="office")
    CategoryFactory.create(name="Garden", slug="garden")

    assert category_list() == [{"name": "Garden", "slug": "garden"}, {"name": "Office", "slug": "office"}]
