"""Visit one public web page politely and safely: in our name, by the site's rules, bounded in size and time.

The only module of the room that touches the network. A name is resolved once, every address it has must be
public, and the connection goes to the address that was checked: changing the name meanwhile leads nowhere.
Each redirect is looked at like the first address.
"""

import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import requests
import urllib3
from requests.adapters import HTTPAdapter

from union.bargaining.rules.addresses import PORTS, check_url, is_public
from union.bargaining.rules.reading import text_of
from union.bargaining.rules.watching import Trouble, trouble_of
from union.bargaining.service.watching import Reading, site
from union.core.clock import stopwatch
from union.core.errors import Invalid
from union.core.settings import Settings

AGENT = "UnionTermsReader"
MOST_BYTES = 2 * 1024 * 1024
MOST_ROBOTS = 500 * 1024
REDIRECTS = 3
BUDGET = 20.0
CONNECT, READ = 5.0, 10.0
CHUNK = 16 * 1024
READABLE = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown", "")
PRIVATE = "UNION_WATCH_PRIVATE"
"""Set to "yes" on a developer's machine to read pages of a local test site."""
_MOVED = frozenset({301, 302, 303, 307, 308})

Resolve = Callable[[str, int], list[str]]


class Failed(Exception):
    """A visit that brought nothing; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


def resolve(host: str, port: int) -> list[str]:
    """Return all IP addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Line:
    """Holds the sockets of one visit and cuts them when its time is over: a trickle never times out."""

    def __init__(self, budget: float) -> None:
        self.cut = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(budget, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._timer.cancel()
        with self._lock:
            for one in self._sockets:
                one.close()

    def hold(self, made: socket.socket) -> None:
        """Keep a second handle of a socket: TLS takes the first one away."""
        with self._lock:
            self._sockets.append(made.dup())
            if self.cut:
                made.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        with self._lock:
            self.cut = True
            for one in self._sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


class _Pinned(HTTPAdapter):
    """Connects to one checked address, whatever the name says by now; certificates must fit the name."""

    def __init__(self, address: str, host: str, line: _Line) -> None:
        self._address, self._host, self._line = address, host, line
        super().__init__(max_retries=0)

    def build_connection_pool_key_attributes(  # type: ignore[override]
        self,
        request: requests.PreparedRequest,
        verify: bool | str,  # noqa: FBT001 - the library's own signature
        cert: Any = None,  # noqa: ANN401 - the same
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Put the address in the name's place."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        place: dict[str, Any] = {**host, "host": self._address}
        kept: dict[str, Any] = dict(pool)
        if place["scheme"] == "https":
            kept |= {"server_hostname": self._host, "assert_hostname": self._host}
        return place, kept

    def get_connection_with_tls_context(self, *args: Any, **facts: Any) -> Any:  # noqa: ANN401
        """Return the pool, its connections held by the line."""
        pool: Any = super().get_connection_with_tls_context(*args, **facts)
        line = self._line

        class Held(pool.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                made: socket.socket = super()._new_conn()
                line.hold(made)
                return made

        pool.ConnectionCls = Held
        return pool


@dataclass
class Visitor:
    """Visits pages in our name.

    contact: where a site's people find out who we are. allow_private: for a local test site only.
    learned: what was read of robots.txt on the way, site → text.
    """

    contact: str
    allow_private: bool = False
    budget: float = BUDGET
    lookup: Resolve = resolve
    learned: dict[str, str] = field(default_factory=dict)

    def read(
        self, url: str, *, etag: str = "", last_modified: str = "", robots: str | None = None
    ) -> Reading:
        """Return what a page says, or that it is as it was; raises Failed.

        robots: what the robots.txt of the page's site said lately, None to ask.
        """
        known = {} if robots is None else {site(url): robots}
        with _Line(self.budget) as line:
            conditions = {
                name: value
                for name, value in (("If-None-Match", etag), ("If-Modified-Since", last_modified))
                if value
            }
            with self._walk(url, line, conditions, lambda hop: self._may(hop, known, line)) as answer:
                if answer.status_code == 304:  # noqa: PLR2004
                    return Reading(None)
                if trouble := trouble_of(answer.status_code):
                    raise Failed(trouble)
                kind = answer.headers.get("Content-Type", "")
                if kind.partition(";")[0].strip().lower() not in READABLE:
                    raise Failed(Trouble.ENCODING)
                body = self._body(answer, line, MOST_BYTES)
                return Reading(
                    text_of(body, kind),
                    answer.headers.get("ETag", "")[:200],
                    answer.headers.get("Last-Modified", "")[:80],
                )

    def delay(self, robots: str) -> timedelta:
        """Return how much time a site wants between visits."""
        wanted = _rules(robots).crawl_delay(AGENT)
        return timedelta(seconds=min(float(wanted or 0), 86_400.0))

    def _may(self, url: str, known: dict[str, str], line: _Line) -> None:
        name = site(url)
        if name not in known:
            known[name] = self.learned[name] = self._robots(name, line)
        if not _rules(known[name]).can_fetch(AGENT, url):
            raise Failed(Trouble.ROBOTS)

    def _robots(self, name: str, line: _Line) -> str:
        """Return a site's robots.txt; RFC 9309: none there means all is allowed, a broken site means wait."""
        with self._walk(f"{name}/robots.txt", line, {}, _anywhere) as answer:
            if answer.status_code >= 500 or answer.status_code == 429:  # noqa: PLR2004
                raise Failed(trouble_of(answer.status_code) or Trouble.SERVER)
            if answer.status_code >= 400:  # noqa: PLR2004
                return ""
            return (
                self._body(answer, line, MOST_ROBOTS, cut=True).decode("utf-8", "replace").replace("\x00", "")
            )

    @contextmanager
    def _walk(
        self, url: str, line: _Line, conditions: dict[str, str], may: Callable[[str], None]
    ) -> Iterator[requests.Response]:
        """Follow redirects, looking at each hop; give the last answer, unread."""
        for _ in range(REDIRECTS + 1):
            try:
                url = check_url(url, any_port=self.allow_private)
            except Invalid:
                raise Failed(Trouble.ADDRESS) from None
            address = self._checked(url)
            may(url)
            with self._ask(url, address, line, conditions) as answer:
                onward = answer.headers.get("Location", "")
                if answer.status_code not in _MOVED or not onward:
                    yield answer
                    return
                url = urljoin(url, onward)
        raise Failed(Trouble.REDIRECTS)

    def _checked(self, url: str) -> str:
        """Return the address to connect to; every address of the name must be public."""
        parts = urlsplit(url)
        try:
            found = self.lookup(str(parts.hostname), parts.port or PORTS[parts.scheme])
        except (OSError, UnicodeError):
            raise Failed(Trouble.NO_NAME) from None
        if not found:
            raise Failed(Trouble.NO_NAME)
        if not self.allow_private and not all(is_public(address) for address in found):
            raise Failed(Trouble.PRIVATE)
        return found[0]

    @contextmanager
    def _ask(
        self, url: str, address: str, line: _Line, conditions: dict[str, str]
    ) -> Iterator[requests.Response]:
        parts = urlsplit(url)
        headers = {
            "User-Agent": f"{AGENT}/1.0 (+{self.contact})",
            "Accept": "text/html, application/xhtml+xml, text/plain;q=0.9",
            "Accept-Encoding": "gzip",
            "Host": parts.netloc,
            **conditions,
        }
        with requests.Session() as session:
            session.trust_env = False
            session.headers.clear()
            session.mount(f"{parts.scheme}://", _Pinned(address, str(parts.hostname), line))
            try:
                answer = session.get(
                    url, headers=headers, stream=True, allow_redirects=False, timeout=(CONNECT, READ)
                )
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as problem:
                raise Failed(_why(problem, line)) from problem
            with answer:
                yield answer

    def _body(self, answer: requests.Response, line: _Line, most: int, *, cut: bool = False) -> bytes:
        """Return the body, unpacked; raises Failed once it is too large. cut: keep the beginning instead."""
        packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in {"identity", "", "gzip", "x-gzip"}:
            raise Failed(Trouble.ENCODING)
        length = answer.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > most and not cut:
            raise Failed(Trouble.TOO_LARGE)
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in packed else None
        body, raw, started = bytearray(), 0, stopwatch()
        try:
            for chunk in answer.raw.stream(CHUNK, decode_content=False):
                raw += len(chunk)
                # One byte more than allowed is unpacked, so that a bomb is seen and never blown up.
                body += unpack.decompress(chunk, most + 1 - len(body)) if unpack else chunk
                if len(body) > most or raw > most:
                    if cut:
                        return bytes(body[:most])
                    raise Failed(Trouble.TOO_LARGE)
                if stopwatch() - started > self.budget:
                    raise Failed(Trouble.TOO_SLOW)
        except zlib.error as problem:
            raise Failed(Trouble.ENCODING) from problem
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as problem:
            raise Failed(_why(problem, line)) from problem
        if line.cut:
            raise Failed(Trouble.TOO_SLOW)
        return bytes(body)


def visitor(settings: Settings) -> Visitor:
    """Return who visits pages, and whether local test sites are allowed."""
    local = settings.development and settings.inherited.get(PRIVATE) == "yes"
    return Visitor(contact=f"{settings.public_url}/about", allow_private=local)


def _anywhere(url: str) -> None:
    """Let pass: the rules of a site do not speak of the file they stand in."""
    del url


def _why(problem: BaseException, line: _Line) -> Trouble:
    if line.cut or isinstance(problem, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return Trouble.TOO_SLOW
    return Trouble.CONNECTION


def _rules(robots: str) -> RobotFileParser:
    parser = RobotFileParser()
    parser.parse(robots.splitlines())
    return parser
