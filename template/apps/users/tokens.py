"""JSON Web Tokens: their classes, their claims and the keys that sign them. `sessions.py` issues and revokes them."""

import hmac
from typing import TYPE_CHECKING, Any, Self

import jwt
from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.state import token_backend as stock_backend

if TYPE_CHECKING:
    from apps.users.models import UserSession

# The claim with the session id: OpenID Connect Front-Channel Logout 1.0, section 3.
SESSION_CLAIM = "sid"


class KeyRing(TokenBackend):
    """Signs with the first of several shared secrets, and accepts tokens signed with any of them.

    The `kid` header of a token (RFC 7515, section 4.1.4) names its key, so keys can be rotated without signing
    anyone out: docs/accounts.md lists the steps.
    """

    def __init__(self, keys: list[str], algorithm: str = "HS256", **options: Any) -> None:
        super().__init__(algorithm, keys[0], **options)
        self.keys = {hmac.digest(key.encode(), b"jwt-key-id", "sha256").hex()[:16]: key for key in keys}
        self.key_id = next(iter(self.keys))

    def encode(self, payload: dict[str, Any]) -> str:
        """Return a signed token with the id of its key."""
        registered = {"aud": self.audience, "iss": self.issuer}
        return jwt.encode(
            {**payload, **{claim: value for claim, value in registered.items() if value is not None}},
            self.keys[self.key_id],
            algorithm=self.algorithm,
            headers={"kid": self.key_id},
            json_encoder=self.json_encoder,
        )

    def get_verifying_key(self, token: Any) -> str:
        """Return the key that a token names, or the signing key if it names none.

        Raises:
            TokenBackendError: The token names an unknown key.
        """
        if len(self.keys) == 1:  # reading the header takes as long as verifying the signature
            return self.keys[self.key_id]
        key_id = jwt.get_unverified_header(token).get("kid", self.key_id)
        if key_id not in self.keys:
            raise TokenBackendError("The token is signed with an unknown key.")
        return self.keys[key_id]


def _backend() -> TokenBackend:
    # simplejwt handles key pairs (RS256, ES256 …) itself, with `SIGNING_KEY` and `VERIFYING_KEY`.
    if not api_settings.ALGORITHM.startswith("HS"):
        return stock_backend
    return KeyRing(
        settings.JWT_SIGNING_KEYS,
        api_settings.ALGORITHM,
        audience=api_settings.AUDIENCE,
        issuer=api_settings.ISSUER,
        leeway=api_settings.LEEWAY,
        json_encoder=api_settings.JSON_ENCODER,
    )


class AccessToken(tokens.AccessToken):
    """Authenticates API calls."""

    token_backend = _backend()


class RefreshToken(tokens.RefreshToken):
    """Can be exchanged once for the next pair of tokens of its session."""

    token_backend = AccessToken.token_backend
    access_token_class = AccessToken

    @classmethod
    def for_session(cls, session: "UserSession") -> Self:
        """Return a new refresh token for a session. Its access token gets the same claims."""
        token = cls()
        token[api_settings.USER_ID_CLAIM] = str(session.user_id)
        token[SESSION_CLAIM] = str(session.pk)
        return token
