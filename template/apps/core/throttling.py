"""Throttling. The rates are `DEFAULT_THROTTLE_RATES` in `config/settings/components/api.py`.

Counts are in the cache. While Redis is unavailable, nothing is throttled.
"""

from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, BaseThrottle, ScopedRateThrottle, UserRateThrottle

from apps.core.client_ip import client_ip


class _ClientIPMixin(BaseThrottle):
    def get_ident(self, request: Request) -> str:
        return client_ip(request) or "unknown"


class AnonymousThrottle(_ClientIPMixin, AnonRateThrottle):
    """Limit anonymous requests per client, at the rate `anon`."""


class UserThrottle(_ClientIPMixin, UserRateThrottle):
    """Limit requests per user, at the rate `user`."""


class ScopeThrottle(_ClientIPMixin, ScopedRateThrottle):
    """Limit requests per user or anonymous client, at the rate that the view names as `throttle_scope`."""
