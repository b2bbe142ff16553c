"""Serialize objects with serializers whose fields are built once per process, not once per response."""

from typing import Any

from rest_framework.serializers import BaseSerializer

_serializers: dict[type[BaseSerializer[Any]], BaseSerializer[Any]] = {}


def serialize(serializer_class: type[BaseSerializer[Any]], instance: object) -> Any:
    """Return what `serializer_class(instance).data` would. Not for serializers that use their `context`."""
    if serializer_class not in _serializers:
        _serializers[serializer_class] = serializer_class()
    return _serializers[serializer_class].to_representation(instance)
