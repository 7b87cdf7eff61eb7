"""A small SMTP server that keeps every mail as an .eml file, for the demo and for trying things.

Speaks the part of RFC 5321 that senders use, plain and without sign-in, on the loopback interface. Standard
library only. Run it with `python -m union.notify.testing.smtp_server --folder DIR`.
"""

import argparse
import secrets
import signal
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from union.core.clock import utcnow
from union.notify.rules import simulated

SIZE_LIMIT: Final = 10 * 1024 * 1024


class _Talk(socketserver.StreamRequestHandler):
    """One connection."""

    server: "SmtpServer"

    wbufsize = -1

    def handle(self) -> None:
        """Greet, obey commands, leave."""
        self.sender, self.recipients, self._heard = "", list[str](), b""
        with suppress(ConnectionError, TimeoutError):
            self._say(220, "union.local test server")
            while line := self._line():
                if not self._obey(line.decode("utf-8", "replace").strip()):
                    return

    def _line(self) -> bytes:
        """Return what is said next; answers leave together when more was said already (RFC 2920 3.2)."""
        while b"\n" not in self._heard:
            self.wfile.flush()
            more = self.connection.recv(65536)
            if not more:
                return b""
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return line + b"\n"

    def _say(self, code: int, *lines: str) -> None:
        for line in lines[:-1]:
            self.wfile.write(f"{code}-{line}\r\n".encode())
        self.wfile.write(f"{code} {lines[-1]}\r\n".encode())

    def _obey(self, line: str) -> bool:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                self._say(250, "union.local", f"SIZE {SIZE_LIMIT}", "PIPELINING", "8BITMIME")
            case "HELO":
                self._say(250, "union.local")
            case "MAIL":
                self.sender, self.recipients = _mailbox(rest), []
                self._say(250, "2.1.0 OK")
            case "RCPT":
                self._recipient(_mailbox(rest))
            case "DATA":
                self._take()
            case "RSET":
                self.sender, self.recipients = "", []
                self._say(250, "2.0.0 OK")
            case "NOOP":
                self._say(250, "2.0.0 OK")
            case "QUIT":
                self._say(221, "2.0.0 Bye")
                return False
            case _:
                self._say(502, "5.5.1 Not known here")
        return True

    def _recipient(self, address: str) -> None:
        """Take a recipient; simulated ones (simulate-hard@…) are refused as they stand for."""
        name = address.partition("@")[0]
        if not name:
            self._say(501, "5.1.3 Not an address")
        elif (error := simulated.error_of(address)) is not None:
            code, _, text = error.removeprefix("smtp ").partition(" ")
            self._say(int(code), text)
        else:
            self.recipients.append(address)
            self._say(250, "2.1.5 OK")

    def _take(self) -> None:
        if not self.recipients:
            self._say(503, "5.5.1 Recipients first")
            return
        self._say(354, "End with a dot on its own line")
        parts: list[bytes] = []
        size = 0
        while (line := self._line()) not in {b".\r\n", b".\n", b""}:
            size += len(line)
            if size <= SIZE_LIMIT:
                parts.append(line[1:] if line.startswith(b".") else line)
        if size > SIZE_LIMIT:
            self._say(552, "5.3.4 Too large")
            return
        self.server.keep(self.sender, self.recipients, b"".join(parts))
        self._say(250, "2.0.0 Kept")
        self.sender, self.recipients = "", []


def _mailbox(rest: str) -> str:
    """Return the address in `FROM:<a@b> SIZE=…`."""
    return rest.partition(":")[2].strip().partition(" ")[0].strip("<>")


class SmtpServer(socketserver.ThreadingTCPServer):
    """Listens on loopback; every mail becomes a file in `folder`, its envelope in the first two lines."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Talk)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.kept = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address to put in UNION_SMTP_URL."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def keep(self, sender: str, recipients: list[str], mail: bytes) -> None:
        """Write one mail down."""
        head = f"X-Envelope-From: {sender}\r\nX-Envelope-To: {', '.join(recipients)}\r\n".encode()
        with self._lock:
            self.kept += 1
            number = self.kept
        name = f"{utcnow():%Y%m%dT%H%M%S}-{number:06d}-{secrets.token_hex(3)}.eml"
        (self.folder / name).write_bytes(head + mail)


@contextmanager
def running(folder: Path, *, port: int = 0) -> Iterator[SmtpServer]:
    """Run a server in a thread of this process while the block lasts."""
    with SmtpServer(folder, port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(5)


def main() -> None:
    """Run from the command line until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True, help="where mails are kept as .eml files")
    chosen = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with running(chosen.folder, port=chosen.port) as server:
        print(server.url, flush=True)  # noqa: T201 - the address is the answer
        stop.wait()


if __name__ == "__main__":
    main()
