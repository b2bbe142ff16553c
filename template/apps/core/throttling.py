"""How often one may call. Rates are in `config/settings/components/api.py`.

A client is who `client_address` says. Counts are in the cache; while that is away, nobody is held up.
"""

from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, BaseThrottle, ScopedRateThrottle, UserRateThrottle

from apps.core.clients import client_address


class _ByClient(BaseThrottle):
    def get_ident(self, request: Request) -> str:
        """Return what tells clients apart."""
        return client_address(request._request) or "unknown"


class AnonymousThrottle(_ByClient, AnonRateThrottle):
    """Rate `anon`, for each client that nobody is signed in with."""


class UserThrottle(_ByClient, UserRateThrottle):
    """Rate `user`, for each user."""


class ScopeThrottle(_ByClient, ScopedRateThrottle):
    """The rate that a view names in `throttle_scope`, for each user, and for each client that is none."""
