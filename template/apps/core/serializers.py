"""What serializers are made of. Text is text and true is true: REST framework's own fields take 0 for "0" and for false."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from rest_framework import fields, serializers


class _TextOnly(fields.Field[Any, Any, Any, Any]):
    def to_internal_value(self, data: Any) -> Any:
        """Return the text.

        Raises:
            ValidationError: It is none, or not a valid one.
        """
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TextField(_TextOnly, serializers.CharField):
    """Text."""


class EmailField(_TextOnly, serializers.EmailField):
    """An email address."""


class BooleanField(serializers.BooleanField):
    """True or false."""

    def to_internal_value(self, data: Any) -> bool:
        """Return what was given.

        Raises:
            ValidationError: It is neither.
        """
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class IntegerField(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number.

        Raises:
            ValidationError: It is none: text, for example, though it has digits.
        """
        if isinstance(data, bool | str) or (isinstance(data, float) and not data.is_integer()):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class UUIDField(serializers.UUIDField):
    """A UUID, as text."""

    def to_internal_value(self, data: Any) -> UUID:
        """Return the UUID.

        Raises:
            ValidationError: It is none.
        """
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class ModelSerializer[ModelT: models.Model](serializers.ModelSerializer[ModelT]):
    """A serializer of a model, with these fields."""

    serializer_field_mapping: ClassVar[Any] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.BooleanField: BooleanField,
        models.CharField: TextField,
        models.EmailField: EmailField,
        models.TextField: TextField,
    }
