import pytest
from rest_framework.test import APIClient

from apps.users.models import User

pytestmark = pytest.mark.django_db


def test_calls_without_permission_are_counted(user: User, rates: dict[str, str]) -> None:
    rates["public"] = "2/hour"
    client = APIClient()
    client.force_authenticate(user)

    statuses = [client.post("/api/v1/catalog/products/").status_code for _ in range(3)]

    assert statuses == [403, 403, 429]
