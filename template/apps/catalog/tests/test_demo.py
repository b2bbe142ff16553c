import pytest

from apps.catalog.demo import DEMO_PRODUCT_ID, products_seed
from apps.catalog.models import Category, Product
from apps.catalog.tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_first_product_of_an_empty_catalog_has_the_documented_id() -> None:
    items = products_seed(count=3)

    product = Product.objects.earliest("id")
    assert items[0].product_id == DEMO_PRODUCT_ID == product.pk
    assert items[0].unit_price == product.total_price


def test_products_are_added_to_existing_ones() -> None:
    CategoryFactory.create(name="Kitchen", slug="books-paper")
    ProductFactory.create().soft_delete()

    counts = [len(products_seed(count=count)) for count in (2, 3, 0)]

    assert counts == [2, 3, 0]
    assert Product.objects.count() == 5
    assert not Product.objects.filter(pk=DEMO_PRODUCT_ID).exists()
    assert Category.objects.filter(name="Kitchen").count() == 1
