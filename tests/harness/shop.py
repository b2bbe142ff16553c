"""A served project with a product and a customer."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import psycopg

from tests.harness.project import Project
from tests.harness.serving import CONTEXT, THROUGH_PROXY

CUSTOMER = "ada@example.com"
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that is gone with the test

STOCK_UP = f"""
import django
django.setup()
from apps.catalog.demo import products_seed
from apps.users.models import User
User.objects.create_user({CUSTOMER!r}, {PASSWORD!r})
products_seed(count=1)
"""


@dataclass(frozen=True)
class Shop:
    """A served project with one product and one signed-in customer.

    Attributes:
        address: Its base URL.
        headers: The headers of the customer's requests.
        product_id: The id of the product.
    """

    address: str
    headers: Mapping[str, str]
    product_id: str

    @classmethod
    def open(
        cls, project: Project, variables: Mapping[str, str], database: psycopg.Connection, address: str, *, units: int
    ) -> "Shop":
        """Create a product and a customer, and sign the customer in."""
        project.python("-c", STOCK_UP, env=variables)
        database.execute("UPDATE catalog_product SET stock = %s", [units])
        answer = httpx.post(
            f"{address}/api/v1/auth/token/",
            json={"email": CUSTOMER, "password": PASSWORD},
            headers=THROUGH_PROXY,
            timeout=60,
        )
        headers = {**THROUGH_PROXY, "Authorization": f"Bearer {answer.raise_for_status().json()['access']}"}
        [[product_id]] = database.execute("SELECT id FROM catalog_product")
        return cls(address, headers, str(product_id))

    def order(self, *, quantity: int = 1, key: str | None = None, timeout: float = 60) -> httpx.Response:
        """Order units of the product.

        Raises:
            httpx.TimeoutException: There was no answer in time.
        """
        return httpx.post(
            f"{self.address}/api/v1/orders/",
            json={"items": [{"product_id": self.product_id, "quantity": quantity}]},
            headers={**self.headers, **({"Idempotency-Key": key} if key else {})},
            timeout=timeout,
            verify=CONTEXT,
        )

    def products(self, *, timeout: float = 60) -> list[str]:
        """Return the ids of the products that are listed.

        Raises:
            httpx.TimeoutException: There was no answer in time.
        """
        url = f"{self.address}/api/v1/catalog/products/"
        answer = httpx.get(url, headers=self.headers, timeout=timeout, verify=CONTEXT)
        return [product["id"] for product in answer.raise_for_status().json()["results"]]
