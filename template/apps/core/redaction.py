"""Redact secrets in log events, by the names of their fields.

This is a safety net. Do not log secrets in the first place.
"""

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

REDACTED = "***"
# The end of a field name: `new_password`, `X-API-Key` and `sessionid`, but not `token_count`.
_SECRET_NAME = re.compile(
    r"(pass(word|wd|phrase|code)|pwd|secret|token|jwt|authori[sz]ation|cookie|credential|csrf|dsn|session_?id"
    r"|(api|access|private|secret|signing|encryption|session)[_-]?key)s?\d*'?$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return a log event without secrets. A structlog processor: the last one before the renderer."""
    return {name: _redact(name, value) for name, value in event.items()}


@lru_cache(maxsize=1000)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _redact(name: str, value: Any) -> Any:
    """Redact the value of a secret field, and passwords in the URLs of any text. Numbers are never secret."""
    if value is None or isinstance(value, int | float):
        return value
    if _is_secret(name):
        return REDACTED
    if isinstance(value, str):
        return _URL_PASSWORD.sub(rf"\1{REDACTED}@", value)
    if isinstance(value, Mapping):
        return {str(key): _redact(str(key), nested) for key, nested in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact("", nested) for nested in value]
    return value
