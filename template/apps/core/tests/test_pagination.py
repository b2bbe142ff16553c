from base64 import b64encode
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory

from apps.core.pagination import StandardCursorPagination
from apps.users.models import User
from apps.users.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class UserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id"]


class UserList(generics.ListAPIView[User]):
    queryset = User.objects.all()
    serializer_class = UserSerializer
    permission_classes = (AllowAny,)
    throttle_classes = ()


def get_page(path: str, **options: object) -> dict[str, object]:
    pagination = type("Pagination", (StandardCursorPagination,), options)
    response = UserList.as_view(pagination_class=pagination)(APIRequestFactory().get(path))
    return dict(response.data)


def test_pages_neither_skip_nor_repeat_rows_created_at_the_same_time() -> None:
    users = UserFactory.create_batch(11)
    User.objects.update(date_joined=users[0].date_joined)

    seen: list[object] = []
    link: object = "/?page_size=3"
    while isinstance(link, str):
        page = get_page(link)
        seen += [row["id"] for row in page["results"]]  # type: ignore[attr-defined]
        link = page["next"]

    assert seen == [str(user.pk) for user in reversed(users)]


def test_previous_link_returns_to_the_first_page() -> None:
    UserFactory.create_batch(4)
    first = get_page("/?page_size=2")

    second = get_page(str(first["next"]))

    assert get_page(str(second["previous"]))["results"] == first["results"]


def test_page_size_has_a_maximum() -> None:
    UserFactory.create_batch(4)

    assert len(get_page("/?page_size=1000", max_page_size=3)["results"]) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize("ordering", ["-date_joined", "last_login"])
def test_ordering_by_a_field_that_is_not_unique_is_refused(ordering: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="order by a unique field"):
        get_page("/", ordering=ordering)


@pytest.mark.parametrize("ordering", ["pk", "-email"])
def test_ordering_by_a_unique_field_is_accepted(ordering: str) -> None:
    UserFactory.create_batch(2)

    assert len(get_page("/", ordering=ordering)["results"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ordering", "position"), [("-id", "abc"), ("-id", "a\0b"), ("-email", "a\0b"), ("-id", "1" * 5000)]
)
def test_invalid_cursor_gets_404(ordering: str, position: str) -> None:
    cursor = b64encode(urlencode({"p": position}).encode()).decode()

    assert get_page(f"/?{urlencode({'cursor': cursor})}", ordering=ordering)["status"] == 404
