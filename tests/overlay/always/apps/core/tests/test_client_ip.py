import pytest
from django.http import HttpRequest
from pytest_django import Settings

from apps.core.throttling import client_ip


def request_from(remote: str, forwarded: str | None = None) -> HttpRequest:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = remote
    if forwarded is not None:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    return request


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, "192.0.2.9"),
        (0, "203.0.113.1", "192.0.2.9"),
        (1, None, "192.0.2.9"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "198.51.100.7, 203.0.113.1", "203.0.113.1"),
        (1, "198.51.100.7,203.0.113.1,", "203.0.113.1"),
        (2, "198.51.100.7, 203.0.113.1, 203.0.113.2", "203.0.113.1"),
        (2, "203.0.113.2", "203.0.113.2"),
    ],
)
def test_client_ip_trusts_the_last_num_proxies_hops(
    settings: Settings, proxies: int, forwarded: str | None, expected: str
) -> None:
    settings.NUM_PROXIES = proxies

    assert client_ip(request_from("192.0.2.9", forwarded)) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", None),
        ("unknown", None),
        ("' OR 1=1", None),
        ("[", None),
        ("fe80::1%eth0", "fe80::"),
    ],
)
def test_client_ip_parses_ports_and_groups_ipv6_networks(written: str, expected: str | None) -> None:
    assert client_ip(request_from(written)) == expected
