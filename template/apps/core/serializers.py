"""What serializers are made of. Text is text and true is true: REST framework's own fields take 0 for "0" and for false."""

import re
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from drf_spectacular.drainage import set_override
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
        """Return the number. 2.0 is one, as it is in JSON.

        Raises:
            ValidationError: It is none.
        """
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data // 1:
            self.fail("invalid")
        return int(data)


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


class DecimalField(_TextOnly, serializers.DecimalField):
    """A decimal number, as text: what JSON calls a number is read as a binary fraction, and money is none.

    Args:
        pattern: What it looks like, as the OpenAPI document tells.
    """

    def __init__(self, max_digits: int, decimal_places: int, *, pattern: str, **options: Any) -> None:
        super().__init__(max_digits, decimal_places, **options)
        self.pattern = pattern
        set_override(self, "field", {"type": "string", "format": "decimal", "pattern": pattern})

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the number.

        Raises:
            ValidationError: It looks otherwise.
        """
        # REST framework reads "1e2", "1_0" and the digits of any script.
        if isinstance(data, str) and not re.fullmatch(self.pattern, data):
            self.fail("invalid")
        number: Decimal = super().to_internal_value(data)
        return number


class ModelSerializer[ModelT: models.Model](serializers.ModelSerializer[ModelT]):
    """A serializer of a model, with these fields."""

    serializer_field_mapping: ClassVar[Any] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.BooleanField: BooleanField,
        models.CharField: TextField,
        models.EmailField: EmailField,
        models.IntegerField: IntegerField,
        models.PositiveIntegerField: IntegerField,
        models.PositiveSmallIntegerField: IntegerField,
        models.SmallIntegerField: IntegerField,
        models.TextField: TextField,
    }
