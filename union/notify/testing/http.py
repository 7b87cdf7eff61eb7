"""The least of HTTP/1.1 that a test server needs: read a request, write an answer, keep the connection.

Standard library only (RFC 9112); chunked requests are not taken.
"""

import asyncio
import json
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

_LIMIT = 1 << 20


@dataclass(frozen=True)
class Request:
    """One request: form fields and query as plain dicts, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The form fields; the last wins where one is repeated."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """One answer. content None: close the connection without a word."""

    status: int
    content: Mapping[str, object] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def wire(self) -> bytes:
        """Return the bytes to send."""
        body = b"" if self.content is None else json.dumps(self.content).encode()
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"Content-Length: {len(body)}"]
        if body:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request of a connection, None when the caller has gone or talks nonsense."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return None
    first, *rest = head.decode("latin-1").split("\r\n")
    method, _, tail = first.partition(" ")
    target = tail.rpartition(" ")[0]
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)
    }
    length = int(headers.get("content-length") or 0)
    if not target or length > _LIMIT:
        return None
    try:
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)


class Server(Protocol):
    """What `serving` runs. port: where it listens, set before the block begins."""

    port: int

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        ...

    async def close(self) -> None:
        """Stop what is under way."""
        ...


class Provider(ABC):
    """A simulated carrier: answers requests, and reports afterwards from tasks and threads of its own.

    For dataclasses; what they do with a request is `_route`.
    """

    port: int = 0

    def __post_init__(self) -> None:
        """Make room for reports under way."""
        self._posters = ThreadPoolExecutor(4, thread_name_prefix="reports")
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base address to put in our settings."""
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    async def _route(self, request: Request) -> Answer | None:
        """Answer one request; None hangs up without a word."""

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the caller leaves or we hang up on it."""
        with suppress(ConnectionError, asyncio.CancelledError):
            while (request := await read_request(reader)) is not None:
                answer = await self._route(request)
                if answer is None:
                    break
                writer.write(answer.wire())
                await writer.drain()
        writer.close()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        """Do `work` beside the answers."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop what is under way."""
        for task in list(self._tasks):
            task.cancel()
        self._posters.shutdown(wait=False, cancel_futures=True)


def run(server: Provider, port: int) -> None:
    """Run `server` from the command line until it is interrupted; the address is printed."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with serving(server, port):
        print(server.url, flush=True)  # noqa: T201 - the address is the answer
        stop.wait()


@contextmanager
def serving(server: Server, port: int = 0) -> Iterator[None]:
    """Run `server` in a thread of this process on a loopback port while the block lasts."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()

    async def main() -> None:
        listener = await asyncio.start_server(server.connection, "127.0.0.1", port)
        server.port = listener.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        listener.close()
        await server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        # cancelling what a long run left open takes its time on a busy machine
        thread.join(60)
        loop.close()
