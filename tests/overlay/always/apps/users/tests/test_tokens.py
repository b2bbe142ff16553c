from datetime import timedelta
from typing import Any

import jwt
import pytest
from rest_framework_simplejwt.exceptions import TokenBackendError

from apps.users.tokens import KeyRing

OLD, NEW, FOREIGN = "o" * 64, "n" * 64, "f" * 64
CLAIMS = {"user_id": "1"}


def decode(ring: KeyRing, token: str) -> dict[str, Any]:
    # simplejwt annotates the argument as a token, and takes its text.
    return ring.decode(token)  # type: ignore[arg-type]


def test_token_names_its_key_without_revealing_it() -> None:
    token = KeyRing([NEW, OLD]).encode(CLAIMS)

    key_id = jwt.get_unverified_header(token)["kid"]
    assert key_id
    assert NEW not in key_id
    assert jwt.decode(token, NEW, algorithms=["HS256"]) == CLAIMS


def test_keys_can_be_rotated_without_invalidating_tokens() -> None:
    before, adding, changed, after = KeyRing([OLD]), KeyRing([OLD, NEW]), KeyRing([NEW, OLD]), KeyRing([NEW])
    of_old, of_new = before.encode(CLAIMS), changed.encode(CLAIMS)

    # Each step reads the tokens of the step before and, during a rolling deployment, of the step after.
    assert [decode(ring, of_old) for ring in (before, adding, changed)] == [CLAIMS] * 3
    assert [decode(ring, of_new) for ring in (adding, changed, after)] == [CLAIMS] * 3
    with pytest.raises(TokenBackendError):
        decode(after, of_old)


def test_token_signed_with_a_foreign_key_is_refused() -> None:
    ring, foreign = KeyRing([NEW, OLD]), KeyRing([FOREIGN])

    for key_id in (foreign.key_id, ring.key_id, "", None):
        headers = {} if key_id is None else {"kid": key_id}
        with pytest.raises(TokenBackendError):
            decode(ring, jwt.encode(CLAIMS, FOREIGN, algorithm="HS256", headers=headers))


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_token_with_another_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(TokenBackendError):
        decode(KeyRing([NEW]), jwt.encode(CLAIMS, None if algorithm == "none" else NEW, algorithm=algorithm))


def test_token_without_a_key_id_is_verified_with_the_first_key() -> None:
    assert decode(KeyRing([NEW, OLD]), jwt.encode(CLAIMS, NEW, algorithm="HS256")) == CLAIMS
    with pytest.raises(TokenBackendError):
        decode(KeyRing([NEW, OLD]), jwt.encode(CLAIMS, OLD, algorithm="HS256"))


def test_algorithm_audience_issuer_and_leeway_are_honoured() -> None:
    ring = KeyRing([NEW], "HS512", audience="shop", issuer="accounts", leeway=timedelta(minutes=1))

    token = ring.encode(CLAIMS)

    assert jwt.get_unverified_header(token)["alg"] == "HS512"
    assert decode(ring, token) == {**CLAIMS, "aud": "shop", "iss": "accounts"}
    for other in (KeyRing([NEW], "HS512", audience="other"), KeyRing([NEW], "HS512", audience="shop", issuer="other")):
        with pytest.raises(TokenBackendError):
            decode(other, token)
    assert ring.get_leeway() == timedelta(minutes=1)
