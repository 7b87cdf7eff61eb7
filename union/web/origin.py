"""Where a request comes from, as far as tries are counted by it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from flask import request

_HOUSEHOLD = 64
"""Leading bits of an IPv6 address that one connection has: the rest is its owner's to choose."""


def device() -> str:
    """Return what tries are counted by; only its keyed hash is ever stored."""
    return counted(request.remote_addr or "")


def counted(address: str) -> str:
    """Return the IPv4 address, or the IPv6 network of one connection, in which `address` is."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), _HOUSEHOLD), strict=False))
