"""Secrets, kept out of the logs.

What has the name of a secret is masked whatever it is, and text is masked where it holds what looks like one. This is for
what slips through: nobody should log secrets to begin with.
"""

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

MASK = "***"

# As part of a name, in any case: `password`, `new_password`, `X-API-Key`. What text gives after these is masked without
# quotes too, as in `password: hunter2`.
_STRONG = r"pass(?:word|wd|phrase|code)|pwd|secret|token|(?:api|access|private|signing|encryption)[_-]?keys?"
_NAMES = rf"{_STRONG}|jwt|authori[sz]ation|cookie|credential|session_?(?:id|key)|csrf|dsn"
_NAME = re.compile(_NAMES, re.IGNORECASE)

_QUOTED = r""" "(?:[^"\\]|\\.)*+(?:"|\Z) | '(?:[^'\\]|\\.)*+(?:'|\Z) """
_VALUE = r"""
    [bru]{0,2}(?:{_QUOTED})
  | [bru]{0,2}(?P<escape>\\{1,8})(?P<quote>["']).*?(?:(?<!\\)(?P=escape)(?P=quote)|\Z)  # text within text
  | [\[({](?:(?:[^\[\](){}"'\r\n]|{_QUOTED})*+[\])}]|[^\r\n]*)    # to the end of a flat list, else of the line
  | [^\s&,;)}\]]+
""".replace("{_QUOTED}", _QUOTED)

# Every repetition has an end or gives nothing back, so that no text takes long to look through.
_TEXT = re.compile(
    r"""
    (?=[:a-ejpstx-])(?:
      # A user and a password in an address. A quote belongs to them unless it ends the address.
      (?P<scheme>://)(?:[^\s"'<>@]{0,300}+(?:["'](?![\s,:;>\])}]|\Z)[^\s"'<>@]{0,300}+){0,4}+@){1,9}+
    | (?P<kind>\bbearer\s{1,4}|\bbasic\s{1,4}(?=\S{0,200}(?:[\d=]|(?-i:[a-z][A-Z]))))[\w.~+/=-]+  # who signs in
    | (?<![\w-])eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?                                 # a JWT: its header begins with {"
    | -----BEGIN\ [A-Z ]{0,20}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]{0,30}-----|\Z)
    | (?P<header>(?:\bauthorization|\bcookie|\bx-[\w-]{0,40}(?:key|token))\s{0,4}:\s{0,4})[^\r\n"']+
    | (?P<name>                                                                # name=value, "name": value, name: value
        (?:{_NAMES})\w{0,40}(?:\\{0,8}["']\]?\s{0,4}[:=]|\s{0,4}=)\s{0,4} | (?:{_STRONG}):[ \t]{0,4}
      )(?:{_VALUE})
    )
    """.replace("{_NAMES}", _NAMES)
    .replace("{_STRONG}", _STRONG)
    .replace("{_VALUE}", _VALUE),
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# One of them is in whatever the pattern finds, and most text has none.
_SIGNS = (
    "://", "bearer", "basic", "eyj", "private key", "pass", "pwd", "secret", "token", "jwt", "authori", "cookie",
    "credential", "session", "csrf", "key", "dsn",
)  # fmt: skip

# What the library keeps in an event for itself.
_INTERNAL = {"_record", "_from_structlog"}
# Deeper than anything that somebody should log.
_DEPTH = 8


def scrub(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return an event of structlog with `***` in the place of secrets; a processor, and the last before the renderer.

    Args:
        event: What is logged, with its traceback as text. What is nested in it is copied, and not changed.
    """
    for name, value in event.items():
        if name not in _INTERNAL:
            event[name] = _scrub_named(name, value, _DEPTH)
    return event


def scrub_text(text: str) -> str:
    """Return text with `***` in the place of passwords in addresses, tokens, keys, and values that have such names."""
    # An id, a level, the name of a logger: what most values are takes no time.
    if not (":" in text or " " in text or "=" in text or "eyJ" in text):
        return text
    lowered = text.lower()
    return _TEXT.sub(_mask, text) if any(sign in lowered for sign in _SIGNS) else text


def _mask(match: re.Match[str]) -> str:
    """Return the mask, after what tells the reader what it hides."""
    kept = next(filter(None, match.groupdict().values()), "")
    return f"{kept}{MASK}@" if match["scheme"] else f"{kept}{MASK}"


@lru_cache(maxsize=1024)
def _is_secret(name: str | bytes) -> bool:
    return _NAME.search(name if isinstance(name, str) else repr(name)) is not None


def _scrub_named(name: object, value: Any, depth: int) -> Any:
    """Return a value without secrets, given what it is called."""
    if value is None or isinstance(value, bool):
        return value
    return MASK if isinstance(name, str | bytes) and _is_secret(name) else _scrub_value(value, depth)


def _scrub_value(value: Any, depth: int) -> Any:
    """Return a value without the secrets in it. What the log would show by its `repr` becomes that."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return scrub_text(value)
    if depth == 0:
        return MASK
    if isinstance(value, Mapping):
        # No line of JSON has a name of bytes.
        return {
            repr(name) if isinstance(name, bytes) else name: _scrub_named(name, nested, depth - 1)
            for name, nested in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub_value(nested, depth - 1) for nested in value]
    return scrub_text(repr(value))
