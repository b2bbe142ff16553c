from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from apps.core.ids import generate_id
from apps.core.serializers import BooleanField, EmailField, IntegerField, ModelSerializer, TextField, UUIDField
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


@pytest.mark.parametrize("value", ["7", "", True, False, 7.5, None, [], {}, float("nan"), float("inf")])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        IntegerField().run_validation(value)


@pytest.mark.parametrize("value", [7, 7.0])
def test_a_whole_number_is_taken_however_json_writes_it(value: float) -> None:
    assert IntegerField().run_validation(value) == 7


@pytest.mark.parametrize("value", [7, True, "", "seven", None, [], {}])
def test_what_is_no_uuid_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        UUIDField().run_validation(value)


def test_a_uuid_is_taken() -> None:
    pk = generate_id()

    assert UUIDField().run_validation(str(pk)) == pk
