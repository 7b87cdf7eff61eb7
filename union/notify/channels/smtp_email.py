"""Email through an SMTP server: one long-lived connection per sending thread, mail built from a skeleton.

Plain text first and only; DKIM is the relay's work. The Message-ID is made from our row, so that a mail
which did go out twice shows once in most readers. No database, no Flask.
"""

import binascii
import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from ipaddress import ip_address
from queue import Empty, LifoQueue
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import idna

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
from union.notify.channels.smtp_line import CLOSING, DONE, GO_ON, Line
from union.notify.rules.causes import Remedy, of_smtp, smtp_code
from union.notify.rules.kinds import Channel

TIMEOUT: Final = 15.0
_WAIT: Final = 60.0
_LONGEST_ADDRESS: Final = 254
_NEVER: Final = frozenset(' <>,;"()')


class SmtpEmail(Single):
    """A relay at `smtp://` (STARTTLS when offered) or `smtps://`; the address may hold user and password.

    sender: as it is shown to everybody; name_shown: the union's name, for members who want to see it.
    return_to: the mailbox bounces come back to; it must take addresses with `+…` after the name.
    """

    name = "smtp"
    channel = Channel.EMAIL

    def __init__(
        self, url: str, *, sender: str, name_shown: str = "", return_to: str = "", callers: int = 2
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            msg = "an SMTP address looks like smtp://user:password@host:587 or smtps://host:465"
            raise ValueError(msg)
        self.callers = callers
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._address = parseaddr(sender)[1]
        self._return_to = return_to
        self._neutral = sender if self._address == sender else formataddr(parseaddr(sender))
        self._named = formataddr((name_shown, self._address)) if name_shown else self._neutral
        self._domain = self._address.rpartition("@")[2] or "localhost"
        self._idle: LifoQueue[Line] = LifoQueue()

    def send(self, message: Message, now: datetime) -> Answer:
        """Send one mail over an idle connection; only a lost answer after the text is in doubt."""
        return next(self.send_all(iter((message,)), lambda: now))

    def send_all(self, messages: Iterator[Message], clock: Callable[[], datetime]) -> Iterator[Answer]:
        """Send mails in turn; where the server lets us, each is begun behind the text of the one before."""
        letters = map(self._addressed, messages)
        turn = _Turn(letters, next(letters, None))
        try:
            while (letter := turn.letter) is not None:
                yield self._send(letter, turn, clock)
        finally:
            if turn.begun is not None:
                # Nobody will give the text that this line waits for.
                turn.begun.drop(goodbye=False)

    def _send(self, letter: "_Letter", turn: "_Turn", clock: Callable[[], datetime]) -> Answer:
        """Send one mail and move on to the next."""
        begun = turn.begun
        turn.begun = None
        if letter.envelope is None:
            turn.next()
            return Refused("smtp 553 5.1.3")
        line: Line | None = None
        try:
            line, (code, text) = self._begun(letter.envelope, begun)
            if code == GO_ON:
                return self._text(line, letter, turn, clock())
            turn.next()
            return _refused(line, code, text)
        except smtplib.SMTPResponseException as problem:
            # Greeting, TLS or sign-in: about our account, not about this mail.
            turn.next()
            return Retry(_WAIT, smtp_code(problem.smtp_code, str(problem.smtp_error)))
        except (OSError, smtplib.SMTPException):
            turn.next()
            return Retry(5.0, "connect")
        finally:
            if line is not None and line.usable and line is not turn.begun:
                self._idle.put(line)

    def _text(self, line: Line, letter: "_Letter", turn: "_Turn", now: datetime) -> Answer:
        """Give the text. Until the closing dot is read nothing is sent; after that the server may have it."""
        turn.next()
        if now >= letter.message.expires_at:
            # Too late while the server let us wait; a text that was asked for can only be refused by leaving.
            line.drop(goodbye=False)
            return Refused("late", expired=True)
        beside = turn.letter.envelope if turn.letter is not None and line.goes_on else None
        try:
            code, text = line.give(self._mail(letter.message, letter.key, now), beside)
        except (OSError, smtplib.SMTPException) as problem:
            line.drop()
            return Ambiguous(type(problem).__name__)
        answer = (
            Accepted(f"{letter.key}@{self._domain}")
            if code == DONE
            else _refused(line, code, text, clear=beside is None)
        )
        turn.begun = line if beside and line.usable else None
        return answer

    def _addressed(self, message: Message) -> "_Letter":
        key = marked(message.key)
        to = message.to if message.to.isascii() else with_ascii_domain(message.to)
        if to is not message.to:
            message = message._replace(to=to)
        return _Letter(message, key, (self._return_path(key), to) if deliverable(to) else None)

    def _return_path(self, key: str) -> str:
        """Return where the network sends this very mail back to: our mailbox, marked with the mail's key."""
        if not self._return_to:
            return self._address
        local, _, domain = self._return_to.rpartition("@")
        return f"{local}+{key}@{domain}"

    def _begun(self, envelope: tuple[str, str], begun: Line | None) -> tuple[Line, tuple[int, bytes]]:
        """Begin a mail on an idle connection that still answers, or on a new one; return its reply too.

        begun: where it was begun already, behind the mail before.
        """
        if begun is not None:
            try:
                return begun, begun.begun()
            except (OSError, smtplib.SMTPServerDisconnected):
                begun.drop()
        while True:
            try:
                line = self._idle.get_nowait()
            except Empty:
                break
            if not line.answers():
                continue
            try:
                return line, line.begin(*envelope)
            except (OSError, smtplib.SMTPServerDisconnected):
                line.drop()
        line = Line(self._connect())
        return line, line.begin(*envelope)

    def _connect(self) -> smtplib.SMTP:
        """Open a connection; raises what smtplib raises."""
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        server.ehlo()
        if not self._tls and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif not self._tls and self._user and not _loopback(self._host):
            server.close()
            raise smtplib.SMTPNotSupportedError(
                "no password over an open line: the server offers no STARTTLS"
            )
        if self._user:
            server.login(self._user, self._password)
        return server

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """A relay cannot be asked what it has."""
        del message, since, taken
        return Blind("smtp")

    def close(self) -> None:
        """Say goodbye on every idle connection."""
        while not self._idle.empty():
            self._idle.get_nowait().drop()

    def build(self, message: Message, now: datetime) -> bytes:
        """Return the mail as it goes over the wire, dot-stuffed and ended.

        Header values lose every control character: nothing a member typed can start another header.
        """
        return self._mail(message, marked(message.key), now)

    def _mail(self, message: Message, key: str, now: datetime) -> bytes:
        head = [
            _head(self._named if message.named else self._neutral, message.subject, message.language),
            f"To: {_flat(message.to)}",
            f"Date: {_date(int(now.timestamp()))}",
            f"Message-ID: <{key}@{self._domain}>",
        ]
        if message.unsubscribe_url:
            # One line each: folded, this header broke signatures at large receivers.
            head.append(f"List-Unsubscribe: <{_flat(message.unsubscribe_url)}>")
            head.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        return "\r\n".join(head).encode("ascii", "replace") + b"\r\n\r\n" + _body(message.body) + b"\r\n.\r\n"


class _Letter(NamedTuple):
    """A mail and its marked key. envelope: where it goes back to and where it goes; None when nowhere."""

    message: Message
    key: str
    envelope: tuple[str, str] | None


@dataclass
class _Turn:
    """Where `send_all` is. letter: the one to send; begun: the line on which it was begun already."""

    left: Iterator[_Letter]
    letter: _Letter | None
    begun: Line | None = None

    def next(self) -> None:
        """Move on to the next."""
        self.letter = next(self.left, None)


def _refused(line: Line, code: int, text: bytes, *, clear: bool = True) -> Answer:
    """Read a refusal and keep the connection, unless the server is closing it.

    clear: forget the mail; a refused text is forgotten by itself (RFC 5321 4.1.1.4).
    """
    if code == CLOSING or code < 0:
        line.drop()
        return Retry(5.0, "smtp 421")
    if clear and line.usable:
        line.clear()
    said = text.decode("utf-8", "replace")
    if of_smtp(code, said).remedy is Remedy.RETRY:
        return Retry(_WAIT, smtp_code(code, said))
    return Refused(smtp_code(code, said))


def marked(key: str) -> str:
    """Return a mail's key with a mark that only we can make, so that reports about it can be believed."""
    return f"{key}.{mark_of(key)}"


def mark_of(key: str) -> str:
    """Return the mark of a key `id-attempt`: 16 hex digits."""
    return vault().lookup(key, "notify.mail")[:8].hex()


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def with_ascii_domain(address: str) -> str:
    """Return the address as every server takes it, its domain in ASCII (RFC 5891); else unchanged."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain).decode()}" if local else address
    except idna.IDNAError:
        return address


def deliverable(address: str) -> bool:
    """Tell whether `address` can stand in an SMTP command: one ASCII mailbox, no spaces or controls."""
    return (
        address.isascii()
        and address.isprintable()
        and address.count("@") == 1
        and _NEVER.isdisjoint(address)
        and len(address) <= _LONGEST_ADDRESS
    )


def _flat(value: str) -> str:
    if value.isprintable():
        return value
    return "".join(character for character in value if character.isprintable())


@lru_cache(maxsize=8)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


@lru_cache(maxsize=512)
def _head(sender: str, subject: str, language: str) -> str:
    """Return the header lines that all mails of one wording share."""
    return "\r\n".join(
        (
            f"From: {sender}",
            f"Subject: {_subject(subject)}",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            f"Content-Language: {_flat(language)}",
        )
    )


def _subject(subject: str) -> str:
    """Return the subject encoded and folded (RFC 2047)."""
    flat = _flat(subject)
    return Header(flat, "us-ascii" if flat.isascii() else "utf-8", header_name="Subject").encode(
        linesep="\r\n"
    )


def _body(text: str) -> bytes:
    """Return `text` as quoted-printable with CRLF line ends and leading dots doubled."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").encode()
    coded = binascii.b2a_qp(lines, quotetabs=False, istext=True, header=False).replace(b"\n", b"\r\n")
    # A line that is a dot would end the mail (RFC 5321 4.5.2).
    stuffed = coded.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
