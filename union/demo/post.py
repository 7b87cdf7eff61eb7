"""The post of the story: a local SMTP and a Twilio-speaking server, and what members find there."""

import email.policy
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from pathlib import Path

from union.demo.visitor import Unexpected
from union.notify.testing import smtp_server, twilio_server

PATIENCE = 60.0


class Post:
    """What arrived, by address: texts at the carrier's, emails in a folder."""

    def __init__(self, twilio: twilio_server.TwilioServer, folder: Path) -> None:
        self.twilio = twilio
        self.folder = folder
        self._mails: dict[str, list[str]] = {}
        self._read: set[str] = set()
        self._lock = threading.Lock()

    def texts(self, address: str) -> list[str]:
        """Return the texts that reached `address`, oldest first."""
        if "@" not in address:
            return [record.body for record in list(self.twilio.by_number.get(address, []))]
        with self._lock:
            self._sort()
            return list(self._mails.get(address, []))

    def _sort(self) -> None:
        for path in sorted(self.folder.glob("*.eml")):
            if path.name in self._read:
                continue
            content = path.read_bytes()
            if not content:
                continue
            self._read.add(path.name)
            mail = BytesParser(policy=email.policy.default).parsebytes(content)
            part = mail.get_body(("plain",))
            self._mails.setdefault(str(mail["To"]).strip("<>"), []).append(
                str(part.get_content() if part else "")
            )

    def wait_for(self, address: str, pattern: str, *, patience: float = PATIENCE) -> str:
        """Return what `pattern` captures in the newest message with it; raises Unexpected if none comes."""
        waited = 0.0
        while waited < patience:
            for text in reversed(self.texts(address)):
                if found := re.search(pattern, text, re.MULTILINE):
                    return found[1]
            time.sleep(0.1)
            waited += 0.1
        raise Unexpected(f"no message with {pattern!r} came to {address}")

    def count(self) -> tuple[int, int]:
        """Return (texts, emails) that arrived so far."""
        return sum(len(r) for r in list(self.twilio.by_number.values())), len(list(self.folder.glob("*.eml")))


@contextmanager
def office(folder: Path) -> Iterator[tuple[Post, str, str]]:
    """Run both servers; give the post and the addresses for UNION_SMTP_URL and UNION_TWILIO_API_URL."""
    mails = folder / "mail"
    server = twilio_server.TwilioServer(journal=folder / "texts.jsonl")
    with smtp_server.running(mails) as smtp, twilio_server.running(server):
        yield Post(server, mails), smtp.url, server.url
