"""What our JSON Web Tokens carry, and which key signs them.

A sign-in starts a session, and every token of it names that session: refresh tokens, of which only the newest is
live, and the access tokens made with them. So a session can be ended as a whole, at once.
"""

from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken as BaseAccessToken
from rest_framework_simplejwt.tokens import BlacklistMixin
from rest_framework_simplejwt.tokens import RefreshToken as BaseRefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch

if TYPE_CHECKING:
    from apps.users.models import User

# The name that OpenID Connect gives it (Front-Channel Logout 1.0, section 3).
SESSION_CLAIM = "sid"


class KeyRing(TokenBackend):
    """Signs with the first of several keys, and accepts what any of them signed.

    A token says which key it needs, by `kid` (RFC 7515, section 4.1.4). So a new key takes over without anybody being
    signed out: docs/accounts.md has the steps.
    """

    def __init__(self, keys: list[str]) -> None:
        super().__init__("HS256", keys[0])
        # Tells the keys apart, and nothing about them.
        self.keys = {salted_hmac("jwt-key-id", "", key, algorithm="sha256").hexdigest()[:16]: key for key in keys}
        self.key_id = next(iter(self.keys))

    def encode(self, payload: dict[str, Any]) -> str:
        """Return a signed token that says so."""
        return jwt.encode(payload, self.prepared_signing_key, algorithm=self.algorithm, headers={"kid": self.key_id})

    def get_verifying_key(self, token: Any) -> Any:
        """Return the key that a token names, the signing key where it names none.

        Raises:
            TokenBackendError: It names a key that is not, or no longer, ours.
        """
        key_id = jwt.get_unverified_header(token).get("kid", self.key_id)
        if key_id not in self.keys:
            raise TokenBackendError("The token is signed by an unknown key.")
        return self._prepare_key(self.keys[key_id])


key_ring = KeyRing(settings.JWT_SIGNING_KEYS)


class AccessToken(BaseAccessToken):
    """What a client calls with."""

    _token_backend = key_ring


class RefreshToken(BaseRefreshToken):
    """What a client trades for the next pair, once.

    Its id starts with that of its session. Whether it is still live `apps.users.sessions` asks, under a lock; the
    library would ask before, and without.
    """

    _token_backend = key_ring
    access_token_class = AccessToken

    def check_blacklist(self) -> None:
        """Leave it to `apps.users.sessions`."""

    @property
    def session(self) -> str:
        """The session that the token belongs to. One that the library made is a session of its own."""
        return str(self.get(SESSION_CLAIM) or self["jti"])

    @classmethod
    def for_session(cls, user: "User", session: str | None = None) -> Self:
        """Return a new token of a session, a new session unless one is given, and note it as live.

        What is noted is its id: the token itself is a way in, which nobody should find in a database.
        """
        # Past the library's own, which notes the whole token.
        token: Self = super(BlacklistMixin, cls).for_user(user)
        token[SESSION_CLAIM] = session or uuid4().hex
        token["jti"] = f"{token[SESSION_CLAIM]}.{token['jti']}"
        OutstandingToken.objects.create(
            user=user,
            jti=token["jti"],
            created_at=token.current_time,
            expires_at=datetime_from_epoch(token["exp"]),
        )
        return token
