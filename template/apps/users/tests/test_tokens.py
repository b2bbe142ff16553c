from typing import Any

import jwt
import pytest
from rest_framework_simplejwt.exceptions import TokenBackendError

from apps.users.tokens import KeyRing

OLD, NEW, FOREIGN = "o" * 32, "n" * 32, "f" * 32
CLAIMS = {"user_id": "1"}


def read(ring: KeyRing, token: str) -> dict[str, Any]:
    # The library takes the text, and is annotated as if it did not.
    return ring.decode(token)  # type: ignore[arg-type]


def test_a_token_names_its_key_and_not_what_the_key_is() -> None:
    token = KeyRing([NEW, OLD]).encode(CLAIMS)

    key_id = jwt.get_unverified_header(token)["kid"]
    assert key_id
    assert NEW not in key_id
    assert jwt.decode(token, NEW, algorithms=["HS256"]) == CLAIMS


def test_keys_change_without_signing_anybody_out() -> None:
    before, adding, changed, after = KeyRing([OLD]), KeyRing([OLD, NEW]), KeyRing([NEW, OLD]), KeyRing([NEW])
    of_old, of_new = before.encode(CLAIMS), changed.encode(CLAIMS)

    # Each step meets the tokens of the step before and, while it is rolled out, of the step after.
    assert [read(ring, of_old) for ring in (before, adding, changed)] == [CLAIMS] * 3
    assert [read(ring, of_new) for ring in (adding, changed, after)] == [CLAIMS] * 3
    with pytest.raises(TokenBackendError):
        read(after, of_old)


def test_what_another_key_signed_is_refused_whatever_it_says() -> None:
    ring = KeyRing([NEW, OLD])
    foreign = KeyRing([FOREIGN])

    for key_id in (foreign.key_id, ring.key_id, "", None):
        headers = {} if key_id is None else {"kid": key_id}
        with pytest.raises(TokenBackendError):
            read(ring, jwt.encode(CLAIMS, FOREIGN, algorithm="HS256", headers=headers))


def test_a_token_without_a_signature_is_refused() -> None:
    with pytest.raises(TokenBackendError):
        read(KeyRing([NEW]), jwt.encode(CLAIMS, None, algorithm="none"))


def test_a_token_that_names_no_key_is_held_against_the_first() -> None:
    assert read(KeyRing([NEW, OLD]), jwt.encode(CLAIMS, NEW, algorithm="HS256")) == CLAIMS
    with pytest.raises(TokenBackendError):
        read(KeyRing([NEW, OLD]), jwt.encode(CLAIMS, OLD, algorithm="HS256"))
