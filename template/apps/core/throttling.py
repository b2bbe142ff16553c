"""Throttling, and the client IP address behind proxies. The rates are in `config/settings/components/api.py`."""

import re
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from apps.core.rate_limits import count, parse_rate

if TYPE_CHECKING:
    from rest_framework.views import APIView

# An IPv6 /48 network, which one customer of a provider can have, may send as many requests as this many clients.
CLIENTS_PER_NETWORK = 16
# The key in `request.META` that says that a throttle has counted the request.
COUNTED = "apps.core.throttling"


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


class RateThrottle(BaseThrottle):
    """Limit requests by the rate that the view names as `throttle_scope`, otherwise by `user` or `anon`.

    Requests are counted per user, or per client if they are anonymous. Requests without a token and requests without
    permission are counted as well: by `problem_exception_handler`, because REST framework checks permissions first.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        request.META[COUNTED] = True
        user = request.user if request.user.is_authenticated else None
        scope = getattr(view, "throttle_scope", None) or ("user" if user else "anon")
        name = f"user:{user.pk}" if user else client_ip(request) or "unknown"
        rates = {f"{scope}:{name}": _rate(scope)}
        if not user and ":" in name:
            network = IPv6Network((int(IPv6Address(name)), 48), strict=False)
            rates[f"{scope}:{network}"] = _rate(scope, CLIENTS_PER_NETWORK)
        self._seconds = count(rates)
        return self._seconds == 0

    def wait(self) -> float:
        """Return the seconds until the request is allowed."""
        return self._seconds


def count_or_refuse(scope: str, name: str) -> None:
    """Count a request against a rate, by any name.

    Raises:
        Throttled: The rate is used up.
    """
    if seconds := count({f"{scope}:{name}": _rate(scope)}):
        raise Throttled(seconds)


def _rate(scope: str, times: int = 1) -> tuple[int, int]:
    return parse_rate(str(api_settings.DEFAULT_THROTTLE_RATES[scope]), times)
