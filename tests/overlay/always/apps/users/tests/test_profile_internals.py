import pytest
from rest_framework.test import APIClient

from apps.users.tests.test_profile import ME

pytestmark = pytest.mark.django_db


def test_account_is_shown_with_these_fields(signed_in: APIClient) -> None:
    assert set(signed_in.get(ME).json()) == {"id", "email", "first_name", "last_name", "roles", "date_joined"}


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Bearer a b", "Basic YTpi"])
def test_anonymous_call_is_answered_with_401(api_client: APIClient, header: str | None) -> None:
    response = api_client.get(ME, headers={"Authorization": header} if header else {})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response["Content-Type"] == "application/problem+json"


def test_too_long_name_is_refused(signed_in: APIClient) -> None:
    response = signed_in.patch(ME, {"first_name": "x" * 151})

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/first_name"]
