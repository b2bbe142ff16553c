from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from apps.catalog.models import Product
from apps.catalog.tests.factories import CategoryFactory, ProductFactory
from apps.users.tests.factories import UserFactory

PRODUCTS = "/api/v1/catalog/products/"
NEW = {"sku": "MUG-1", "name": "Mug", "category": "mugs", "price": "10.00"}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rates")]


@pytest.fixture
def staff(db: None) -> APIClient:
    CategoryFactory.create(slug="mugs")
    client = APIClient()
    client.force_authenticate(UserFactory.create(is_staff=True))
    return client


def skus(client: APIClient, **query: str) -> list[str]:
    return [row["sku"] for row in client.get(PRODUCTS, query).json()["results"]]


# Reading ----------------------------------------------------------------------


def test_list_shows_products(api_client: APIClient) -> None:
    product = ProductFactory.create(sku="MUG-1", name="Mug", category__slug="mugs")

    response = api_client.get(PRODUCTS)

    assert "public" in response["Cache-Control"]
    assert response.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": str(product.pk),
                "sku": "MUG-1",
                "name": "Mug",
                "category": "mugs",
                "price": "10.00",
                "tax_rate": "0.20",
                "total_price": "12.00",
                "stock": 10,
                "is_active": True,
            }
        ],
    }


def test_pages_follow_each_other_newest_first(api_client: APIClient) -> None:
    products = ProductFactory.create_batch(5)

    seen, link = [], f"{PRODUCTS}?page_size=2"
    while link:
        page = api_client.get(link).json()
        seen += [row["id"] for row in page["results"]]
        link = page["next"]

    assert seen == [str(product.pk) for product in reversed(products)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["MUG-2", "MUG-1", "BOX-1"]),
        ({"search": "mug"}, ["MUG-2", "MUG-1"]),
        ({"search": "wood"}, ["BOX-1"]),
        ({"search": "%"}, []),
        ({"category": "boxes"}, ["BOX-1"]),
        # Prices include tax.
        ({"price_min": "24.00"}, ["MUG-2"]),
        ({"price_min": "12", "price_max": "12.00"}, ["BOX-1"]),
        ({"in_stock": "true"}, ["MUG-2", "BOX-1"]),
        ({"in_stock": "false"}, ["MUG-1"]),
        ({"search": "", "in_stock": "", "price_min": "", "unknown": "x"}, ["MUG-2", "MUG-1", "BOX-1"]),
    ],
)
def test_list_is_filtered(api_client: APIClient, query: dict[str, str], found: list[str]) -> None:
    mugs = CategoryFactory.create(slug="mugs")
    ProductFactory.create(sku="BOX-1", name="Wooden box", category__slug="boxes")
    ProductFactory.create(sku="MUG-1", category=mugs, price=1, stock=0)
    ProductFactory.create(sku="MUG-2", category=mugs, price=20)

    assert skus(api_client, **query) == found


@pytest.mark.parametrize(
    "query",
    [
        {"price_min": "cheap"},
        {"price_max": "Infinity"},
        {"price_min": "-1"},
        {"in_stock": "maybe"},
        {"search": "a\0b"},
        {"search": "x" * 101},
    ],
)
def test_invalid_parameter_is_refused_and_the_response_is_not_cached(
    api_client: APIClient, query: dict[str, str]
) -> None:
    response = api_client.get(PRODUCTS, query)

    assert response.status_code == 400
    assert {error["pointer"] for error in response.json()["errors"]} == {f"#/{name}" for name in query}
    assert "Cache-Control" not in response


def test_product_is_shown_with_its_description(api_client: APIClient) -> None:
    product = ProductFactory.create()

    shown = api_client.get(f"{PRODUCTS}{product.pk}/").json()

    assert shown["description"] == "One of a kind."
    assert datetime.fromisoformat(shown["created_at"]) == product.created_at


def test_products_off_sale_are_visible_to_staff_only_and_deleted_ones_to_nobody(
    api_client: APIClient, staff: APIClient
) -> None:
    off_sale, deleted = ProductFactory.create(is_active=False), ProductFactory.create()
    deleted.soft_delete()

    def statuses(client: APIClient) -> list[int]:
        return [client.get(f"{PRODUCTS}{pk}/").status_code for pk in (off_sale.pk, deleted.pk, uuid4())]

    assert statuses(api_client) == [404, 404, 404]
    assert statuses(staff) == [200, 404, 404]
    assert skus(api_client) == skus(staff) == []


# Writing ----------------------------------------------------------------------


def test_staff_creates_a_product(staff: APIClient) -> None:
    response = staff.post(PRODUCTS, NEW)

    assert response.status_code == 201
    shown = response.json()
    assert (shown["total_price"], shown["stock"], shown["is_active"]) == ("12.00", 0, True)
    assert staff.get(f"{PRODUCTS}{shown['id']}/").json() == shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", "a b"),
        ("sku", " MUG-1"),
        ("sku", "MUG-1\n"),
        ("sku", "x" * 65),
        ("name", " "),
        ("name", "a\0b"),
        ("name", None),
        ("category", "none"),
        ("price", "-1"),
        ("price", "10000000"),
        ("price", "1.001"),
        ("price", "NaN"),
        ("tax_rate", "1.01"),
        ("stock", -1),
        ("stock", 2**63),
        ("stock", 1.5),
        ("is_active", "maybe"),
    ],
)
def test_invalid_field_is_named(staff: APIClient, field: str, value: Any) -> None:
    product = ProductFactory.create()

    created = staff.post(PRODUCTS, {**NEW, field: value})

    assert created.status_code == 400
    assert {error["pointer"] for error in created.json()["errors"]} == {f"#/{field}"}
    if field != "sku":
        assert staff.patch(f"{PRODUCTS}{product.pk}/", {field: value}).json()["errors"] == created.json()["errors"]


def test_largest_product_is_accepted(staff: APIClient) -> None:
    largest = {
        "sku": "x" * 64,
        "name": "é" * 200,
        "description": "x" * 10_000,
        "price": "9999999.99",
        "tax_rate": "1.00",
        "stock": 1_000_000_000,
    }

    response = staff.post(PRODUCTS, {**NEW, **largest})

    assert response.status_code == 201
    assert response.json()["total_price"] == "19999999.98"


def test_taken_sku_is_a_conflict(staff: APIClient) -> None:
    staff.post(PRODUCTS, NEW)

    response = staff.post(PRODUCTS, NEW)

    assert response.status_code == 409
    assert response.json()["type"] == "urn:problem:sku-taken"


def test_staff_changes_only_the_given_fields(staff: APIClient) -> None:
    product = ProductFactory.create()

    response = staff.patch(f"{PRODUCTS}{product.pk}/", {"price": "20.00", "is_active": False, "sku": "OTHER-1"})

    assert response.status_code == 200
    shown = response.json()
    assert (shown["price"], shown["total_price"], shown["is_active"]) == ("20.00", "24.00", False)
    assert (shown["sku"], shown["name"], shown["stock"]) == (product.sku, product.name, 10)
    assert staff.patch(f"{PRODUCTS}{product.pk}/", {}).status_code == 200


def test_filters_do_not_apply_to_a_single_product(staff: APIClient) -> None:
    path = f"{PRODUCTS}{ProductFactory.create().pk}/?search=none&price_min=cheap"

    assert [staff.get(path).status_code, staff.patch(path, {}).status_code] == [200, 200]
    assert staff.delete(path).status_code == 204


def test_staff_deletes_a_product_once(staff: APIClient) -> None:
    path = f"{PRODUCTS}{ProductFactory.create().pk}/"

    assert [staff.delete(path).status_code for _ in range(2)] == [204, 404]
    assert staff.patch(path, {}).status_code == 404
    assert Product.all_objects.get().is_deleted


def test_categories_are_listed(api_client: APIClient) -> None:
    CategoryFactory.create(name="Mugs", slug="mugs")

    shown = api_client.get("/api/v1/catalog/categories/").json()

    assert shown == {"next": None, "previous": None, "results": [{"name": "Mugs", "slug": "mugs"}]}
