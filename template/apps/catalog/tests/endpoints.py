"""The endpoints of catalog: who may call them, and what a call costs. Walked by `tests/test_endpoints.py`."""

from collections.abc import Callable
from http import HTTPStatus

from apps.catalog.models import Category, Product
from apps.catalog.tests.factories import CategoryFactory, ProductFactory, StockMovementFactory
from apps.users.models import User
from tests.endpoint import Call, Endpoint, everybody, signed_in

PRODUCTS = "/api/v1/catalog/products/"
PRODUCT = PRODUCTS + "{id}/"


def sends(body: object, *, has_id: bool = True) -> Callable[[User, int], Call]:
    """Return what prepares a call: as many products as it is told, each with a category and a movement."""

    def prepare(_owner: User, rows: int) -> Call:
        categories = Category.objects.bulk_create(CategoryFactory.build_batch(rows))
        categories[0].slug = "mugs"
        categories[0].save()
        products = [ProductFactory.build(category=category) for category in categories]
        Product.objects.bulk_create(products)
        for _ in range(rows):
            StockMovementFactory.create(product=products[0])
        return Call(path={"id": products[0].pk} if has_id else {}, body=body)

    return prepare


list_of_all = sends(None, has_id=False)
new = sends({"sku": "MUG-1", "name": "Mug", "category": "mugs", "price": "10.00"}, has_id=False)
one = sends(None)
change = sends({"price": "20.00", "category": "mugs"})


ENDPOINTS = [
    Endpoint("GET", PRODUCTS, everybody(HTTPStatus.OK), 2, list_of_all),
    Endpoint("POST", PRODUCTS, signed_in(HTTPStatus.FORBIDDEN, staff=HTTPStatus.CREATED), 1, new),
    Endpoint("GET", PRODUCT, everybody(HTTPStatus.OK), 2, one),
    Endpoint("PATCH", PRODUCT, signed_in(HTTPStatus.FORBIDDEN, staff=HTTPStatus.OK), 1, change),
    Endpoint("DELETE", PRODUCT, signed_in(HTTPStatus.FORBIDDEN, staff=HTTPStatus.NO_CONTENT), 1, one),
    Endpoint("GET", PRODUCT + "statistics/", signed_in(HTTPStatus.FORBIDDEN, manager=HTTPStatus.OK), 2, one),
    Endpoint("GET", "/api/v1/catalog/categories/", everybody(HTTPStatus.OK), 2, list_of_all),
]
