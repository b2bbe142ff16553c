"""Serialize objects with serializers whose fields are built once per process, not once per response."""

from functools import cache
from typing import Any

from rest_framework.serializers import BaseSerializer


def serialize(serializer_class: type[BaseSerializer[Any]], instance: object) -> Any:
    """Return what `serializer_class(instance).data` would. Not for serializers that use their `context`."""
    return _serializer(serializer_class).to_representation(instance)


@cache
def _serializer(serializer_class: type[BaseSerializer[Any]]) -> BaseSerializer[Any]:
    return serializer_class()
