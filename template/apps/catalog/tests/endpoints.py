"""The endpoints of the catalog, for `tests/test_endpoints.py`."""

from collections.abc import Callable
from http import HTTPStatus

from apps.catalog.models import Category, Product
from apps.catalog.tests.factories import CategoryFactory, ProductFactory, StockMovementFactory
from apps.users.models import User
from tests.endpoint import Call, Endpoint, everybody, signed_in

PRODUCTS = "/api/v1/catalog/products/"
PRODUCT = PRODUCTS + "{id}/"


def products(body: object = None, *, is_detail: bool = False) -> Callable[[User, int], Call]:
    """Return a function that creates products, each in its own category, and returns the call."""

    def prepare(_owner: User, rows: int) -> Call:
        categories = Category.objects.bulk_create(CategoryFactory.build_batch(rows))
        Category.objects.filter(pk=categories[0].pk).update(slug="mugs")
        products = Product.objects.bulk_create(ProductFactory.build(category=category) for category in categories)
        StockMovementFactory.create_batch(rows, product=products[0])
        return Call(path={"id": products[0].pk} if is_detail else {}, body=body)

    return prepare


new = products({"sku": "MUG-1", "name": "Mug", "category": "mugs", "price": "10.00"})
one = products(is_detail=True)
change = products({"price": "20.00", "category": "mugs"}, is_detail=True)

ENDPOINTS = [
    Endpoint("GET", PRODUCTS, everybody(HTTPStatus.OK), 2, products()),
    Endpoint("POST", PRODUCTS, signed_in(HTTPStatus.FORBIDDEN, staff=HTTPStatus.CREATED), 1, new),
    Endpoint("GET", PRODUCT, everybody(HTTPStatus.OK), 2, one),
    Endpoint("PATCH", PRODUCT, signed_in(HTTPStatus.FORBIDDEN, staff=HTTPStatus.OK), 1, change),
    Endpoint("DELETE", PRODUCT, signed_in(HTTPStatus.FORBIDDEN, staff=HTTPStatus.NO_CONTENT), 1, one),
    Endpoint("GET", PRODUCT + "statistics/", signed_in(HTTPStatus.FORBIDDEN, manager=HTTPStatus.OK), 2, one),
    Endpoint("GET", "/api/v1/catalog/categories/", everybody(HTTPStatus.OK), 2, products()),
]
