"""A push service on one's own machine: takes notifications (RFC 8030) and opens them as a browser would.

Each subscription it makes has keys of its own; what is posted must be signed (RFC 8292) and encrypted for
that subscription (RFC 8291), or it is refused. Run it with `python -m union.notify.testing.push_server`.
"""

import argparse
import asyncio
import base64
import json
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from union.notify.rules.push import Subscription
from union.notify.testing.http import Answer, Request, read_request, serving

LIMIT = 4096


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Shown:
    """One notification a browser got: what it said, and what the service saw around it."""

    told: dict[str, str]
    headers: dict[str, str]
    size: int


@dataclass
class Browser:
    """One subscription, with the keys only this browser has. answer: what the service says; 0 hangs up."""

    name: str
    key: ec.EllipticCurvePrivateKey
    auth: bytes
    answer: int = 201
    shown: list[Shown] = field(default_factory=list)


@dataclass
class PushServer:
    """The service. key: our public key; whoever signs with another is refused."""

    key: str
    browsers: dict[str, Browser] = field(default_factory=dict)
    port: int = 0

    @property
    def origin(self) -> str:
        """What to put into UNION_PUSH_HOSTS."""
        return f"http://127.0.0.1:{self.port}"

    def subscribe(self) -> tuple[Browser, Subscription]:
        """Make a browser; return it and what it would hand to the union."""
        browser = Browser(
            secrets.token_urlsafe(9), ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16)
        )
        self.browsers[browser.name] = browser
        point = browser.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        endpoint = f"{self.origin}/push/{browser.name}"
        return browser, Subscription(endpoint, _b64(point), _b64(browser.auth))

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(ConnectionError, asyncio.CancelledError):
            while (request := await read_request(reader)) is not None:
                answer = self._take(request)
                if answer is None:
                    break
                writer.write(answer.wire())
                await writer.drain()
        writer.close()

    def _take(self, request: Request) -> Answer | None:  # noqa: PLR0911 - one per answer of RFC 8030
        browser = self.browsers.get(request.path.removeprefix("/push/"))
        if browser is None:
            return Answer(404)
        if browser.answer == 0:
            return None
        if browser.answer != 201:  # noqa: PLR2004
            after = {"Retry-After": "7"} if browser.answer == 429 else {}  # noqa: PLR2004
            return Answer(browser.answer, headers=after)
        if not request.headers.get("ttl", "").isdigit():
            return Answer(400, {"reason": "TTL is missing"})
        if not self._signed(request.headers.get("authorization", "")):
            return Answer(403, {"reason": "not signed by the key of the subscription"})
        if len(request.body) > LIMIT:
            return Answer(413)
        opened = http_ece.decrypt(
            request.body, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm"
        )
        browser.shown.append(Shown(json.loads(opened), request.headers, len(request.body)))
        return Answer(201, headers={"Location": f"{self.origin}/message/{secrets.token_hex(8)}"})

    def _signed(self, header: str) -> bool:
        """Tell whether `vapid t=…,k=…` is a token of our key for this very service."""
        scheme, _, rest = header.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "vapid" or parts.get("k") != self.key:
            return False
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(self.key))
        try:
            claims = jwt.decode(parts.get("t", ""), public, algorithms=["ES256"], audience=self.origin)
        except jwt.InvalidTokenError:
            return False
        return str(claims.get("sub", "")).startswith(("mailto:", "https:"))

    async def close(self) -> None:
        """Nothing is under way."""


@contextmanager
def running(server: PushServer, *, port: int = 0) -> Iterator[PushServer]:
    """Run `server` in a thread of this process on a loopback port while the block lasts."""
    with serving(server, port):
        yield server


def main() -> None:
    """Run from the command line until interrupted; prints the origin and one subscription."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", required=True, help="our public key, as the page has it")
    chosen = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with running(PushServer(chosen.key), port=chosen.port) as server:
        print(server.origin, flush=True)  # noqa: T201 - the address is the answer
        print(server.subscribe()[1].stored(), flush=True)  # noqa: T201 - as above
        stop.wait()


if __name__ == "__main__":
    main()
