import pytest
from pytest_django import DjangoAssertNumQueries

from apps.catalog import demo
from apps.catalog.models import Category, Product
from apps.catalog.tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_the_first_product_of_an_empty_catalog_is_the_one_that_the_documentation_names() -> None:
    offers = demo.products_seed(count=3)

    first = Product.objects.order_by("id").first()
    assert first
    assert offers[0].product_id == demo.DEMO_PRODUCT_ID == first.pk
    assert demo.DEMO_PRODUCT_ID.version == 7
    assert offers[0].unit_price == first.total_price
    assert all(product.stock == demo.STOCK for product in Product.objects.all())


def test_products_can_be_added_again() -> None:
    names = [[offer.name for offer in demo.products_seed(count=count)] for count in (2, 3, 0)]

    assert [len(some) for some in names] == [2, 3, 0]
    assert Product.objects.count() == 5


def test_a_catalog_with_something_in_it_gets_no_product_of_that_id() -> None:
    CategoryFactory.create(name="Kitchen", slug="books-paper")
    ProductFactory.create().soft_delete()

    demo.products_seed(count=1)

    assert not Product.objects.filter(pk=demo.DEMO_PRODUCT_ID).exists()
    assert Category.objects.filter(name="Kitchen").count() == 1


def test_many_are_made_at_once(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "BATCH_SIZE", 50)

    # Categories, what is there, two batches; and the savepoint around.
    with django_assert_num_queries(8):
        demo.products_seed(count=100)
