from typing import Any

import pytest

from apps.core.serializers import EmailField, ModelSerializer, TextField
from apps.users.models import User


class NameSerializer(ModelSerializer[User]):
    """Two texts of a model."""

    class Meta:
        model = User
        fields = ["email", "first_name"]


@pytest.mark.parametrize("value", [0, 1.5, True, None, [], {}])
def test_what_is_no_text_is_refused(value: Any) -> None:
    serializer = NameSerializer(data={"email": value, "first_name": value})

    assert not serializer.is_valid()
    assert set(serializer.errors) == {"email", "first_name"}


def test_the_text_of_a_model_is_text() -> None:
    assert {name: type(field) for name, field in NameSerializer().fields.items()} == {
        "email": EmailField,
        "first_name": TextField,
    }
