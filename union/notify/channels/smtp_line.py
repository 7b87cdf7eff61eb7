"""One open connection to a mail server: envelope and text of a mail, in as few round trips as it allows.

A server that offers PIPELINING (RFC 2920) hears sender, recipient and DATA at once, and behind the text of
one mail those of the next (3.1). Whatever goes wrong before a mail's text is given, nothing of it was sent.
No database, no Flask.
"""

import contextlib
import select
import smtplib
from typing import Final

# Replies of RFC 5321.
DONE: Final = 250
FORWARDED: Final = 251
GO_ON: Final = 354
CLOSING: Final = 421
_LONGEST_LINE: Final = 8192
_PER_CONNECTION: Final = 500
"""Mails after which a connection is renewed: relays drop those that stay for ever."""


class Line:
    """An open connection, greeted and signed in. It carries so many mails, then it is dropped."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server
        self._at_once = server.has_extn("pipelining")
        self._left = _PER_CONNECTION

    @property
    def usable(self) -> bool:
        """Whether it is still open."""
        return self._server.sock is not None

    @property
    def goes_on(self) -> bool:
        """Whether another mail may be begun behind the text of this one."""
        return self._at_once and self._left > 1

    def answers(self) -> bool:
        """Tell whether the server is still there; a line that idled may have been closed on its side."""
        try:
            said = self._server.sock is None or bool(select.select([self._server.sock], [], [], 0)[0])
        except (OSError, ValueError):
            said = True
        if said:
            self.drop()
        return not said

    def begin(self, sender: str, to: str) -> tuple[int, bytes]:
        """Say who writes to whom and ask to give the text; return the reply that decides, GO_ON for yes.

        Raises SMTPResponseException when the server does not take mail of `sender`, and what a lost
        connection raises. Not smtplib's verbs: they parse the address again, longer than all else here.
        """
        commands = _commands(sender, to)
        if self._at_once:
            self._server.send("".join(commands))
            commands = "", "", ""
        return self._taken(*commands)

    def begun(self) -> tuple[int, bytes]:
        """Return the reply to a mail that was begun behind the one before; raises what `begin` raises."""
        return self._taken("", "", "")

    def _taken(self, sender: str, recipient: str, data: str) -> tuple[int, bytes]:
        """Read the three replies, saying first what was not said yet."""
        code, text = self._reply(sender)
        if code != DONE:
            self.drop()
            raise smtplib.SMTPResponseException(code, text.decode("utf-8", "replace"))
        code, text = self._reply(recipient)
        if code in {DONE, FORWARDED}:
            return self._reply(data)
        if self._at_once and code != CLOSING:
            self._take_back()
        return code, text

    def _take_back(self) -> None:
        """Read the answer to a DATA that followed a refused recipient; an empty text ends what it began."""
        try:
            if self._reply()[0] == GO_ON:
                self._reply(".\r\n")
        except (OSError, smtplib.SMTPException):
            self.drop()

    def give(self, text: bytes, following: tuple[str, str] | None = None) -> tuple[int, bytes]:
        """Give the text with its closing dot and return the answer; raises what a lost connection raises.

        following: sender and recipient of the mail to begin behind it, on a line that goes on.
        """
        self._server.send(text + "".join(_commands(*following)).encode() if following else text)
        answer = self._reply()
        if answer[0] == DONE:
            self._left -= 1
            if self._left <= 0:
                self.drop()
        return answer

    def _reply(self, command: str = "") -> tuple[int, bytes]:
        """Say `command`, if any, and read one reply: its code (-1 where it has none) and its last line."""
        if command:
            self._server.send(command)
        if self._server.file is None:
            raise smtplib.SMTPServerDisconnected("the line is closed")
        while True:
            line = self._server.file.readline(_LONGEST_LINE)
            if not line:
                self.drop(goodbye=False)
                raise smtplib.SMTPServerDisconnected("the server closed the line")
            if line[3:4] != b"-":
                code = line[:3]
                return (int(code) if code.isdigit() else -1), line[4:].strip()

    def clear(self) -> None:
        """Forget a mail that was refused, so that the line can carry the next."""
        try:
            self._server.rset()
        except (OSError, smtplib.SMTPException):
            self.drop()

    def drop(self, *, goodbye: bool = True) -> None:
        """Close it, with a word where somebody listens."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if goodbye and self._server.sock is not None:
                self._server.sock.settimeout(1.0)
                self._server.quit()
        self._server.close()


def _commands(sender: str, to: str) -> tuple[str, str, str]:
    return f"MAIL FROM:<{sender}>\r\n", f"RCPT TO:<{to}>\r\n", "DATA\r\n"
