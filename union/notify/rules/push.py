"""Where a browser's push service may be, and what a subscription must look like.

Pure. A member's browser names the address we are to call, so it is believed only for push services we know.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from union.core.errors import Invalid
from union.core.i18n import msg

LONGEST = 1000
_HOST = re.compile(r"[a-z0-9.-]+")
_POINT, _AUTH = 65, 16
"""Bytes of a P-256 point and of the shared secret (RFC 8291)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser's address at its push service, and the keys that only this browser has."""

    endpoint: str
    p256dh: str
    auth: str

    def stored(self) -> str:
        """Return it as JSON."""
        return json.dumps({"endpoint": self.endpoint, "p256dh": self.p256dh, "auth": self.auth})


def read(stored: str) -> Subscription:
    """Return what `stored` gave."""
    told: Mapping[str, str] = json.loads(stored)
    return Subscription(told["endpoint"], told["p256dh"], told["auth"])


def allowed(endpoint: str, hosts: str) -> bool:
    """Tell whether `endpoint` is at one of `hosts`, over TLS on the usual port.

    hosts: names parted by spaces; `.name` takes every host below; an origin (`http://127.0.0.1:9000`) is
    taken as it stands, for a push service on one's own machine.
    """
    try:
        parts = urlsplit(endpoint)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or not _HOST.fullmatch(host):
        return False
    if f"{parts.scheme}://{parts.netloc}" in hosts.split():
        return True
    if parts.scheme != "https" or port not in {None, 443}:
        return False
    return any(
        host == name or (name.startswith(".") and host.endswith(name))
        for name in hosts.split()
        if "://" not in name
    )


def local(endpoint: str, hosts: str) -> bool:
    """Tell whether `endpoint` was named by its whole origin, so that it may be a private address."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}" in hosts.split()


def checked(endpoint: str, p256dh: str, auth: str, hosts: str) -> Subscription:
    """Return the subscription; raises Invalid for an address or keys that cannot be a browser's."""
    if len(endpoint) > LONGEST or not allowed(endpoint, hosts):
        raise Invalid(msg("This browser's push service is not one we know, so we cannot send to it."))
    if len(_bytes(p256dh)) != _POINT or len(_bytes(auth)) != _AUTH:
        raise Invalid(msg("The browser gave no complete subscription. Try again, or use another browser."))
    return Subscription(endpoint, p256dh, auth)


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung"), ("Firefox", "Firefox"),
             ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS", "Mac"), ("Linux", "Linux"))  # fmt: skip


def label_of(user_agent: str) -> str:
    """Return what a member knows a device by, such as `Firefox · Android`."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "Browser")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return f"{browser} · {system}" if system else browser
