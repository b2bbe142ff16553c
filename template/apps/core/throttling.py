"""Throttling, and the client IP address behind proxies. The rates are in `config/settings/components/api.py`.

Counts are in the cache. While Redis is unavailable, nothing is throttled.
"""

import re
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, BaseThrottle, ScopedRateThrottle, UserRateThrottle


def client_ip(request: HttpRequest | Request) -> str | None:
    """Return the IP address of the client, trusting the last `NUM_PROXIES` hops of `X-Forwarded-For`.

    Returns:
        An IPv4 address, or the /64 network of an IPv6 address, since one client has the whole network.
        None if there is no valid address, as on a Unix socket.
    """
    proxies = settings.NUM_PROXIES
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    given = hops[-min(proxies, len(hops))] if proxies and hops else request.META.get("REMOTE_ADDR", "")
    try:
        # Some proxies add a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
        address = ip_address(re.sub(r"^\[(.*)\](:\d+)?$|^([^:]*):\d+$", r"\1\3", given))
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    if isinstance(address, IPv6Address):
        address = IPv6Network((int(address), 64), strict=False).network_address
    return str(address)


class _ClientIPMixin(BaseThrottle):
    def get_ident(self, request: Request) -> str:
        return client_ip(request) or "unknown"


class AnonymousThrottle(_ClientIPMixin, AnonRateThrottle):
    """Limit anonymous requests per client, at the rate `anon`."""


class UserThrottle(_ClientIPMixin, UserRateThrottle):
    """Limit requests per user or anonymous client, at the rate `user`."""


class ScopeThrottle(_ClientIPMixin, ScopedRateThrottle):
    """Limit requests per user or anonymous client, at the rate that the view names as `throttle_scope`."""
