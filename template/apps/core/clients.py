"""Where a request comes from."""

from ipaddress import IPv4Address, ip_address

from django.conf import settings
from django.http import HttpRequest

# What a household or a server gets. Any address of it is one client.
_IPV6_PREFIX = 64


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the client, as far as it can be believed.

    Each proxy in front adds to `X-Forwarded-For` whom it was called by. So the last `NUM_PROXIES` entries are true, and
    what stands before them anyone can make up. An IPv6 address stands for its whole network: whoever has one has all.

    Returns:
        An IPv4 address, an IPv6 network address, or None where there is none, as on a socket.
    """
    proxies = settings.REST_FRAMEWORK["NUM_PROXIES"]
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    given = forwarded[-min(proxies, len(forwarded))] if proxies and forwarded else request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(_without_port(given))
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    network = int(address) >> _IPV6_PREFIX << _IPV6_PREFIX
    return str(type(address)(network))


def _without_port(given: str) -> str:
    """Return the address of `192.0.2.1:4711` and `[2001:db8::1]:4711`, which some proxies write."""
    if given.startswith("["):
        return given[1:].partition("]")[0]
    return given.partition(":")[0] if given.count(":") == 1 else given
