"""A real SMTP server (aiosmtpd) that keeps mails and refuses what a test tells it to."""

import contextlib
import email
import email.policy
import socket

from aiosmtpd.controller import Controller


class Mailbox:
    """Keeps every mail; answers can be planned per recipient, or once for the next text.

    at_once: it offers PIPELINING (RFC 2920).
    """

    def __init__(self, *, at_once=False):
        self.at_once = at_once
        self.mails = []
        self.connections = 0
        self.refuse = {}
        self.next_text = []

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]] if self.at_once else responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.next_text:
            told = self.next_text.pop(0)
            if told == "take and drop":
                self.keep(envelope)
                server.transport.close()
                return "421 gone"
            if told == "drop":
                server.transport.close()
                return "421 gone"
            return told
        self.keep(envelope)
        return "250 2.0.0 kept"

    def keep(self, envelope):
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))

    @property
    def parsed(self):
        return [email.message_from_bytes(raw, policy=email.policy.default) for _, _, raw in self.mails]


@contextlib.contextmanager
def running(**facts):
    """Give (mailbox, address) of a server on a free loopback port."""
    box = Mailbox(**facts)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.connections = 0  # the controller's own trial
    try:
        yield box, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()
