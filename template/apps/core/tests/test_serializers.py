from decimal import Decimal
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from apps.core.ids import generate_id
from apps.core.serializers import (
    BooleanField,
    DecimalField,
    EmailField,
    IntegerField,
    ModelSerializer,
    TextField,
    UUIDField,
)
from apps.users.models import User

# That an address is free, the serializer asks the database.
pytestmark = pytest.mark.django_db


class NameSerializer(ModelSerializer[User]):
    """Two texts and a flag of a model."""

    class Meta:
        model = User
        fields = ["email", "first_name", "is_active"]


@pytest.mark.parametrize("value", [0, 1.5, True, None, [], {}])
def test_what_is_no_text_is_refused(value: Any) -> None:
    serializer = NameSerializer(data={"email": value, "first_name": value, "is_active": True})

    assert not serializer.is_valid()
    assert set(serializer.errors) == {"email", "first_name"}


@pytest.mark.parametrize("value", [0, 1, "true", "false", "", None, [], {}])
def test_what_is_neither_true_nor_false_is_refused(value: Any) -> None:
    serializer = NameSerializer(data={"email": "ada@example.com", "first_name": "Ada", "is_active": value})

    assert not serializer.is_valid()
    assert set(serializer.errors) == {"is_active"}


@pytest.mark.parametrize("value", [True, False])
def test_true_and_false_are_taken(value: bool) -> None:  # noqa: FBT001
    serializer = NameSerializer(data={"email": "ada@example.com", "first_name": "Ada", "is_active": value})

    serializer.is_valid()
    assert serializer.validated_data["is_active"] is value


def test_the_text_of_a_model_is_text() -> None:
    assert {name: type(field) for name, field in NameSerializer().fields.items()} == {
        "email": EmailField,
        "first_name": TextField,
        "is_active": BooleanField,
    }


class NumberSerializer(serializers.Serializer[object]):
    """A whole number and a price."""

    count = IntegerField()
    price = DecimalField(4, 2, pattern=r"^[0-9]{1,2}(\.[0-9]{1,2})?$")


@pytest.mark.parametrize("count", [True, "1", "", 1.5, float("inf"), float("nan"), None, [], {}])
def test_what_is_no_whole_number_is_refused(count: Any) -> None:
    serializer = NumberSerializer(data={"count": count, "price": "1"})

    assert not serializer.is_valid()
    assert set(serializer.errors) == {"count"}


@pytest.mark.parametrize(
    "price", [1, 1.5, True, "", "1e1", "1_0", "-1", "1.", ".5", " 1", "1\n", "٣", "NaN", "100", None]
)
def test_what_does_not_look_like_the_number_that_the_document_tells_of_is_refused(price: Any) -> None:
    serializer = NumberSerializer(data={"count": 1, "price": price})

    assert not serializer.is_valid()
    assert set(serializer.errors) == {"price"}


@pytest.mark.parametrize(("count", "price"), [(0, "0"), (-7, "1.5"), (2.0, "99.99")])
def test_numbers_are_taken(count: float, price: str) -> None:
    serializer = NumberSerializer(data={"count": count, "price": price})

    assert serializer.is_valid()
    assert serializer.validated_data == {"count": count, "price": Decimal(price)}


@pytest.mark.parametrize("value", [7, True, "", "seven", None, [], {}])
def test_what_is_no_uuid_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        UUIDField().run_validation(value)


def test_a_uuid_is_taken() -> None:
    pk = generate_id()

    assert UUIDField().run_validation(str(pk)) == pk
