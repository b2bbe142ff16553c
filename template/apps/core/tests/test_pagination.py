from base64 import b64encode
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory

from apps.core.pagination import StandardCursorPagination
from apps.users.models import User
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class UserRow(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id"]


class UserList(generics.ListAPIView[User]):
    queryset = User.objects.all()
    serializer_class = UserRow
    permission_classes = (AllowAny,)
    throttle_classes = ()


def read(path: str, pagination: type[StandardCursorPagination] = StandardCursorPagination) -> dict[str, object]:
    response = UserList.as_view(pagination_class=pagination)(APIRequestFactory().get(path))
    return dict(response.data)


def test_no_row_is_lost_or_repeated_when_all_were_made_at_once() -> None:
    users = UserFactory.create_batch(11)
    User.objects.update(date_joined=users[0].date_joined)

    seen: list[object] = []
    link: object = "/?page_size=3"
    while isinstance(link, str):
        page = read(link)
        seen += [row["id"] for row in page["results"]]  # type: ignore[attr-defined]
        link = page["next"]

    assert seen == [str(user.pk) for user in reversed(users)]


def test_a_page_can_be_turned_back() -> None:
    UserFactory.create_batch(4)
    first = read("/?page_size=2")

    second = read(str(first["next"]))

    assert read(str(second["previous"]))["results"] == first["results"]


def test_a_page_has_a_greatest_size() -> None:
    UserFactory.create_batch(101)

    assert len(read("/?page_size=1000")["results"]) == 100  # type: ignore[arg-type]


@pytest.mark.parametrize("size", ["", "0", "-1", "1.5", "many", "null", "٣"])
def test_what_is_no_size_of_a_page_is_refused(size: str) -> None:
    response = UserList.as_view()(APIRequestFactory().get("/", {"page_size": size}))

    assert response.status_code == 400
    assert response.data["errors"][0]["pointer"] == "#/page_size"


def test_the_document_says_what_the_size_of_a_page_is() -> None:
    parameters = StandardCursorPagination().get_schema_operation_parameters(UserList())

    assert {"type": "integer", "minimum": 1} in [parameter["schema"] for parameter in parameters]


@pytest.mark.parametrize("ordering", ["-date_joined", "last_login"])
def test_an_ordering_that_would_lose_rows_is_refused(ordering: str) -> None:
    pagination = type("ByTime", (StandardCursorPagination,), {"ordering": ordering})

    with pytest.raises(ImproperlyConfigured, match="rows would be lost"):
        read("/", pagination)


@pytest.mark.parametrize("ordering", ["pk", "-email"])
def test_an_ordering_by_a_unique_field_is_taken(ordering: str) -> None:
    UserFactory.create_batch(2)
    pagination = type("ByUnique", (StandardCursorPagination,), {"ordering": ordering})

    assert len(read("/", pagination)["results"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ordering", "position"), [("-id", "abc"), ("-id", "a\0b"), ("-email", "a\0b"), ("-id", "1" * 5000)]
)
def test_a_cursor_that_was_not_made_here_is_refused(ordering: str, position: str) -> None:
    pagination = type("Any", (StandardCursorPagination,), {"ordering": ordering})
    cursor = b64encode(urlencode({"p": position}).encode()).decode()

    response = UserList.as_view(pagination_class=pagination)(APIRequestFactory().get("/", {"cursor": cursor}))

    assert response.status_code == 404


def test_groups_of_users_page_too() -> None:
    assert StandardCursorPagination().get_ordering(
        APIRequestFactory().get("/"),
        Group.objects.all(),
        UserList(),
    ) == ("-id",)
