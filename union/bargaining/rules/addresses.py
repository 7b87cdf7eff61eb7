"""Which web addresses we fetch: public ones only, whatever a name resolves to. Pure: looks nothing up."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit, urlunsplit

from union.core.errors import Invalid
from union.core.i18n import msg

LONGEST = 500
PORTS = {"http": 80, "https": 443}
# Translators between IPv4 and IPv6 reach IPv4 addresses through these.
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the open internet.

    Not: private, loopback, link-local, shared, reserved, multicast, unspecified, nor an IPv6 form that leads
    to such an IPv4 address (mapped, 6to4, Teredo, NAT64).
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        inside = _inside(ip)
        if inside is not None:
            return _open(inside)
        if ip in _NAT64_LOCAL or ip.is_site_local:
            return False
    return _open(ip)


def _inside(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to, if any."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def _open(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def check_url(url: str, *, any_port: bool = False, field: str = "url") -> str:
    """Return a web address as it will be fetched, without its fragment.

    any_port: for a local test site only. Raises Invalid at `field` for another scheme, a user name, an odd
    port, a host that is no name.
    """
    url = url.strip()
    refusal = Invalid(
        msg("Give a public web address that starts with https:// or http://, without a user name."),
        field=field,
    )
    if len(url) > LONGEST or any(ord(letter) <= ord(" ") for letter in url) or not url.isprintable():
        raise refusal
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refusal from None
    if (
        parts.scheme not in PORTS
        or not parts.hostname
        or parts.username is not None
        or parts.password is not None
    ):
        raise refusal
    if "\\" in url:
        raise refusal
    if not any_port and port not in {None, PORTS[parts.scheme]}:
        raise refusal
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query, ""))
