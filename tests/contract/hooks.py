"""What schemathesis cannot make up: somebody who is signed in, their password, links that were mailed.

Requests get them, so that each operation is seen to do its work, and to refuse what is wrong for no other reason.
"""

import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import schemathesis

API = os.environ["CONTRACT_API"]
# Made by `tests/test_contract.py`, each for one use.
SUPPLIES: dict[str, Any] = json.loads(Path(os.environ["CONTRACT_SUPPLIES"]).read_text(encoding="utf-8"))

PASSWORD: str = SUPPLIES["password"]
# Makes a good password of any; what stands before it may be anything.
TAIL = " and correct horse battery"

addresses = iter(SUPPLIES["addresses"])
confirmations = iter(SUPPLIES["confirmations"])
resets = iter(SUPPLIES["resets"])


class Somebody:
    """An account that can sign in. Once it is deleted, or has another password, the next takes its place."""

    address: str = next(addresses)

    def sign_in(self) -> dict[str, str]:
        """Return a new pair of tokens."""
        while True:
            answer = httpx.post(f"{API}/auth/token/", json={"email": self.address, "password": PASSWORD})
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                pair: dict[str, str] = answer.raise_for_status().json()
                return pair
            self.address = next(addresses)

    def credentials(self) -> dict[str, str]:
        """Return what they sign in with."""
        self.sign_in()
        return {"email": self.address, "password": PASSWORD}


somebody = Somebody()


def strong(body: dict[str, Any], name: str) -> str:
    """Return a password that starts as the one of a body does."""
    return str(body.get(name))[:200] + TAIL


# For each operation that needs them, the values that make it do its work.
VALUES: dict[str, Callable[[dict[str, Any]], dict[str, str]]] = {
    "POST /api/v1/auth/register/": lambda body: {"password": strong(body, "password")},
    "POST /api/v1/auth/email/verify/": lambda _: {"token": next(confirmations)},
    "POST /api/v1/auth/token/": lambda _: somebody.credentials(),
    "POST /api/v1/auth/token/refresh/": lambda _: {"refresh": somebody.sign_in()["refresh"]},
    "POST /api/v1/auth/logout/": lambda _: {"refresh": somebody.sign_in()["refresh"]},
    "POST /api/v1/auth/password/change/": lambda body: {
        "current_password": PASSWORD,
        "new_password": strong(body, "new_password"),
    },
    "POST /api/v1/auth/password/reset/confirm/": lambda body: {
        "token": next(resets),
        "new_password": strong(body, "new_password"),
    },
}

turns = itertools.cycle([True, False])


# Requests are made up well before they are sent, and what is sent first may end the session of the next.
AT_THE_DOOR = "Bearer of a token that is got when it is needed"


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """Marks the requests that need somebody who is signed in."""

    def get(self, _case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str | None:
        """Return the mark, None where nobody has to be signed in."""
        is_open = {} in context.operation.definition.raw.get("security", [])
        return None if is_open else AT_THE_DOOR

    def set(self, case: schemathesis.Case[Any], data: str, _context: schemathesis.AuthContext) -> None:
        """Leave the mark."""
        case.headers["Authorization"] = data


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Sign in, and put what works into the body: of every other valid request, and beside what is wrong in others."""
    if case.headers.get("Authorization") == AT_THE_DOOR:
        case.headers["Authorization"] = f"Bearer {somebody.sign_in()['access']}"
    values = VALUES.get(case.operation.label)
    if values is None or not isinstance(case.body, dict):
        return
    given = case.body
    if not is_valid(case):
        case.body = {**given, **values(given)}
        if is_valid(case):
            # Just that was wrong.
            case.body = given
    elif next(turns):
        case.body = {**given, **values(given)}


def is_valid(case: schemathesis.Case[Any]) -> bool:
    """Say whether a request, as it is now, is in order as far as the document tells."""
    return case.meta is not None and case.meta.generation.mode.is_positive
