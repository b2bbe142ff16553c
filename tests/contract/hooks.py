"""Values that schemathesis cannot generate: access tokens, links of emails, existing products.

Requests get them, so that each operation is seen to do its work, and to refuse what is wrong for no other reason.
"""

import itertools
import json
import os
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from jsonschema_rs import validator_for
from schemathesis.core import NotSet
from schemathesis.core.failures import AcceptedNegativeData, Failure

API = os.environ["CONTRACT_API"]
# Made by `tests/test_contract.py`, each for one use.
SUPPLIES: dict[str, Any] = json.loads(Path(os.environ["CONTRACT_SUPPLIES"]).read_text(encoding="utf-8"))

PASSWORD: str = SUPPLIES["password"]
# This suffix makes any text a valid password.
TAIL = " and correct horse battery"

addresses = iter(SUPPLIES["addresses"])
confirmations = iter(SUPPLIES["confirmations"])
resets = iter(SUPPLIES["resets"])
products = iter(SUPPLIES["products"])
numbers = itertools.count(1)

CATEGORY: str = SUPPLIES["category"]
# One that stays.
PRODUCT: str = next(products)
ITEMS = [{"product_id": PRODUCT, "quantity": 1}]


# Made once: it reads all the authorities there are, which takes longer than a request.
CONTEXT = ssl.create_default_context()


class SignedInUser:
    """An account that can sign in. Once it is deleted, or has another password, the next takes its place."""

    address: str = next(addresses)

    def sign_in(self) -> dict[str, str]:
        """Return a new pair of tokens."""
        while True:
            answer = httpx.post(
                f"{API}/auth/token/", json={"email": self.address, "password": PASSWORD}, verify=CONTEXT
            )
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                pair: dict[str, str] = answer.raise_for_status().json()
                return pair
            self.address = next(addresses)

    def credentials(self) -> dict[str, str]:
        """Return what they sign in with."""
        self.sign_in()
        return {"email": self.address, "password": PASSWORD}

    def order(self) -> str:
        """Return the id of a new order."""
        headers = {"Authorization": f"Bearer {self.sign_in()['access']}"}
        answer = httpx.post(f"{API}/orders/", json={"items": ITEMS}, headers=headers, verify=CONTEXT)
        order_id: str = answer.raise_for_status().json()["id"]
        return order_id


signed_in_user = SignedInUser()


def strong(body: dict[str, Any], name: str) -> str:
    """Return a password that starts as the one of a body does."""
    return str(body.get(name))[:200] + TAIL


# For each operation that needs them, the values that make it do its work.
VALUES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "POST /api/v1/auth/register/": lambda body: {"password": strong(body, "password")},
    "POST /api/v1/auth/email/verify/": lambda _: {"token": next(confirmations)},
    "POST /api/v1/auth/token/": lambda _: signed_in_user.credentials(),
    "POST /api/v1/auth/token/refresh/": lambda _: {"refresh": signed_in_user.sign_in()["refresh"]},
    "POST /api/v1/auth/logout/": lambda _: {"refresh": signed_in_user.sign_in()["refresh"]},
    "POST /api/v1/auth/password/change/": lambda body: {
        "current_password": PASSWORD,
        "new_password": strong(body, "new_password"),
    },
    "POST /api/v1/auth/password/reset/confirm/": lambda body: {
        "token": next(resets),
        "new_password": strong(body, "new_password"),
    },
    "POST /api/v1/catalog/products/": lambda _: {"sku": f"SKU-{next(numbers)}", "category": CATEGORY},
    "PATCH /api/v1/catalog/products/{id}/": lambda body: {"category": CATEGORY} if "category" in body else {},
    "POST /api/v1/orders/": lambda _: {"items": ITEMS},
}

# For each operation on one object, the id of one that is there.
OBJECTS: dict[str, Callable[[], str]] = {
    "GET /api/v1/catalog/products/{id}/": lambda: PRODUCT,
    "GET /api/v1/catalog/products/{id}/statistics/": lambda: PRODUCT,
    "PATCH /api/v1/catalog/products/{id}/": lambda: next(products),
    "DELETE /api/v1/catalog/products/{id}/": lambda: next(products),
    "GET /api/v1/orders/{id}/": signed_in_user.order,
    "POST /api/v1/orders/{id}/cancel/": signed_in_user.order,
}

turns = itertools.cycle([True, False])


# Requests are made up well before they are sent, and what is sent first may end the session of the next.
AT_THE_DOOR = "Bearer of a token that is got when it is needed"


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """Mark the requests that need a signed-in user."""

    def get(self, _case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str | None:
        """Return the mark, or None for requests without a user."""
        is_open = {} in context.operation.definition.raw.get("security", [])
        return None if is_open else AT_THE_DOOR

    def set(self, case: schemathesis.Case[Any], data: str, _context: schemathesis.AuthContext) -> None:
        """Leave the mark."""
        case.headers["Authorization"] = data


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Sign in, and put in what works: into every other valid request, and beside what is wrong in others."""
    if case.headers.get("Authorization") == AT_THE_DOOR:
        case.headers["Authorization"] = f"Bearer {signed_in_user.sign_in()['access']}"
    is_turn = next(turns)
    values, find = VALUES.get(case.operation.label), OBJECTS.get(case.operation.label)
    if values is not None and isinstance(case.body, dict):
        put(case, "body", {**case.body, **values(case.body)}, is_turn=is_turn)
    is_new_product = case.operation.label == "POST /api/v1/catalog/products/" and is_part_of_a_story(case)
    if is_new_product and is_valid(case) and isinstance(case.body, dict):
        # Nobody can read an inactive product, and the next request does.
        case.body = {**case.body, "is_active": True}
    if find is not None and not is_part_of_a_story(case):
        put(case, "path_parameters", {"id": find()}, is_turn=is_turn)


def put(case: schemathesis.Case[Any], place: str, working: dict[str, Any], *, is_turn: bool) -> None:
    """Put what works into a place of a request: if it is the turn of a valid one, and unless just that was wrong."""
    given = getattr(case, place)
    if is_valid(case):
        if is_turn:
            setattr(case, place, working)
        return
    setattr(case, place, working)
    if is_valid(case):
        setattr(case, place, given)


def is_part_of_a_story(case: schemathesis.Case[Any]) -> bool:
    """Say whether a request takes its ids from the answers before it."""
    return case.meta is not None and case.meta.phase.name == "stateful"


def is_valid(case: schemathesis.Case[Any]) -> bool:
    """Return whether a request is valid according to the document."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def is_read_by_filters(failure: AcceptedNegativeData, case: schemathesis.Case[Any]) -> bool:
    """Return whether django-filter reads each invalid parameter of the query.

    It reads more forms of UUIDs and times than the formats allow, and ignores empty parameters.
    """
    named = re.search(r"^Invalid component: parameters? (`.+?`) in query\b", failure.message, re.MULTILINE)
    parameters = case.operation.definition.raw.get("parameters", [])
    formatted = {part["name"] for part in parameters if part["schema"].get("format") in {"uuid", "date-time"}}
    empty = {name for name, value in case.query.items() if value == ""}
    return named is not None and (formatted | empty).issuperset(re.findall(r"`([^`]+)`", named[1]))


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext, failure: Failure, case: schemathesis.Case[Any], _response: object
) -> bool:
    """Accept that REST framework converts values: 1 to "1", "1" to 1, "true" to true, and ignores a bad page size."""
    if not isinstance(failure, AcceptedNegativeData):
        return True
    if "page_size" in case.query:
        return False
    if isinstance(case.body, NotSet):
        return not is_read_by_filters(failure, case)
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {}).get(case.media_type, {})
    document = case.operation.schema.raw_schema
    schema = {**content.get("schema", {}), "components": document["components"]}
    return not validator_for(schema).is_valid(converted(case.body, schema, document))


def converted(value: object, schema: dict[str, Any], document: dict[str, Any]) -> object:
    """Return a value as REST framework's fields convert it."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        return {name: converted(nested, fields.get(name, {}), document) for name, nested in value.items()}
    if isinstance(value, list):
        return [converted(nested, schema.get("items", {}), document) for nested in value]
    kind = schema.get("type")
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind == "integer" and isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    booleans = ["true", "false", "1", "0", "t", "f", "y", "n", "yes", "no", "on", "off"]
    if kind == "boolean" and str(value).lower() in booleans:
        return True
    return value
