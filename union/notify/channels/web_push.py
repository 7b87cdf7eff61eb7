"""Notifications to browsers (RFC 8030), encrypted for each (RFC 8291), signed with our key (RFC 8292).

The push service learns that a device gets something and when, not what: the text is padded to one length and
only the browser can read it. `pywebpush` encrypts, `py_vapid` signs, `requests` posts, without redirects.
"""

import base64
import ipaddress
import json
import re
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from queue import Empty, LifoQueue
from typing import Final
from urllib.parse import urlsplit

import requests
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException

from union.core.sealing import vault
from union.notify.channels.base import (
    Accepted,
    Ambiguous,
    Answer,
    Blind,
    LookUp,
    Message,
    Refused,
    Retry,
    Single,
)
from union.notify.channels.wire import never_left, rest
from union.notify.rules import push
from union.notify.rules.kinds import Channel, Lane

TIMEOUT: Final = (3.05, 10.0)
LONGEST_TTL: Final = 28 * 86_400
PADDED: Final = 1024
"""Bytes every notification is made to have, or a multiple: its length tells nothing."""
_SIGNED_FOR: Final = timedelta(hours=12)
_URGENCY: Final = {Lane.LOGIN: "high", Lane.ALERT: "high", Lane.BALLOT: "normal", Lane.NEWS: "low"}
_LINK: Final = re.compile(r"https?://\S+")
_GONE: Final = frozenset({404, 410})
_ACCOUNT: Final = frozenset({401, 403})
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


def public_key(private: bytes) -> str:
    """Return the key browsers subscribe with: base64url of the uncompressed point."""
    point = _vapid(private).public_key.public_numbers()
    raw = b"\x04" + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _vapid(private: bytes) -> Vapid02:
    return Vapid02.from_raw(base64.urlsafe_b64encode(private))


class WebPush(Single):
    """Push services that browsers named. private: our key, 32 bytes. contact: mailto or https, told to them.

    gone: called with the address of a browser that no longer takes anything.
    """

    name = "push"
    channel = Channel.PUSH

    def __init__(
        self, *, private: bytes, contact: str, hosts: str, gone: Callable[[str], None], callers: int = 8
    ) -> None:
        self.callers = callers
        self._vapid = _vapid(private)
        self._contact = contact
        self._hosts = hosts
        self._gone = gone
        self._signed: dict[str, tuple[datetime, str]] = {}
        self._idle: LifoQueue[requests.Session] = LifoQueue()

    def send(self, message: Message, now: datetime) -> Answer:
        """Send to each of the member's devices; taken when one takes it, since each shows the same."""
        answers = [self._to(push.read(device), message, now) for device in json.loads(message.to)]
        for kind in (Accepted, Ambiguous, Retry):
            for answer in answers:
                if isinstance(answer, kind):
                    return answer
        return answers[0] if answers else Refused("push gone")

    def _to(self, device: push.Subscription, message: Message, now: datetime) -> Answer:
        if not push.allowed(device.endpoint, self._hosts) or not self._public(device.endpoint):
            return Refused("push host")
        try:
            sealed = WebPusher(
                {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}}
            ).encode(payload(message))["body"]
        except (WebPushException, ValueError):
            self._gone(device.endpoint)
            return Refused("push gone")
        session = self._session()
        try:
            answer = session.post(
                device.endpoint, data=sealed, headers=self._headers(device, message, now), timeout=TIMEOUT,
                allow_redirects=False,
            )  # fmt: skip
        except requests.exceptions.ConnectTimeout:
            return Retry(30.0, "connect")
        except requests.exceptions.ConnectionError as problem:
            return Retry(30.0, "connect") if never_left(problem) else Ambiguous("dropped")
        except requests.exceptions.RequestException as problem:
            return Ambiguous(type(problem).__name__)
        finally:
            self._idle.put(session)
        return self._read(answer, device)

    def _session(self) -> requests.Session:
        try:
            return self._idle.get_nowait()
        except Empty:
            return requests.Session()

    def _headers(self, device: push.Subscription, message: Message, now: datetime) -> dict[str, str]:
        ttl = min(LONGEST_TTL, max(0, int((message.expires_at - now).total_seconds())))
        # A later message about the same thing takes the place of one not yet shown. Made for this device
        # alone, or the push service could tell who takes part in the same action.
        topic = vault().lookup(f"{device.endpoint}\0{message.ref}", "notify.topic")[:18]
        return {
            "TTL": str(ttl),
            "Urgency": _URGENCY[message.lane],
            "Topic": base64.urlsafe_b64encode(topic).decode(),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._authorization(device.endpoint, now),
        }

    def _authorization(self, endpoint: str, now: datetime) -> str:
        """Return our signature for this push service; one serves for hours."""
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        until, header = self._signed.get(origin, (now, ""))
        if until <= now:
            until = now + _SIGNED_FOR
            claims = {"aud": origin, "sub": self._contact, "exp": int((until + _SIGNED_FOR / 2).timestamp())}
            header = str(self._vapid.sign(claims)["Authorization"])
            self._signed[origin] = (until, header)
        return header

    def _read(self, answer: requests.Response, device: push.Subscription) -> Answer:
        status = answer.status_code
        if status in _GONE:
            self._gone(device.endpoint)
            return Refused("push gone")
        if 200 <= status < 300:  # noqa: PLR2004 - RFC 8030 says 201, services also 200 and 202
            return Accepted(answer.headers.get("Location", f"push-{status}")[-120:])
        if status == _TOO_MANY:
            return Retry(rest(answer.headers, 60.0), "push 429", slower=True)
        if status >= _SERVER_ERROR:
            return Ambiguous(f"http {status}")
        return Refused("push account" if status in _ACCOUNT else f"push {status}")

    def _public(self, endpoint: str) -> bool:
        """Tell whether the push service's name stands for public addresses only."""
        if push.local(endpoint, self._hosts):
            return True
        parts = urlsplit(endpoint)
        try:
            found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
        except OSError:
            return True  # the call itself will find nobody, and say so
        return all(ipaddress.ip_address(str(one[4][0])).is_global for one in found)

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """A push service cannot be asked what it has."""
        del message, since, taken
        return Blind("push")

    def close(self) -> None:
        """Close the connections that nobody is using."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


def payload(message: Message) -> bytes:
    """Return what the browser's worker reads: title, text, where a click leads; padded with spaces."""
    found = _LINK.search(message.body)
    body = " ".join(_LINK.sub("", message.body).split()).rstrip(" :")
    told = {
        "title": message.subject,
        "body": body,
        "url": urlsplit(found[0])._replace(scheme="", netloc="").geturl() if found else "/home",
        "tag": str(message.id),
        "language": message.language,
    }
    raw = json.dumps(told, ensure_ascii=False).encode()
    return raw + b" " * (-len(raw) % PADDED)
