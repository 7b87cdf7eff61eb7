"""Recipients that are nobody: each stands for one error, so that a union can see what happens then.

Pure. At the message desk and at the local test servers they answer as the real network would; a real provider
knows Twilio's own test numbers only with test credentials. Nobody else's number or mailbox is among them:
+1 500 555 is not given out, +1 555 5 is followed by the number of the error.
"""

NUMBERS: dict[str, str] = {
    "+15005550001": "21211",
    "+15005550002": "21612",
    "+15005550003": "21408",
    "+15005550004": "21610",
    "+15005550009": "21614",
}
"""Number → Twilio's error number."""

AFTERWARDS = "+15555"
"""Taken, and reported undelivered with the error number that follows: +1555530003 is a phone that is off."""

MAILBOXES: dict[str, str] = {
    "simulate-hard": "smtp 550 5.1.1 No such mailbox",
    "simulate-soft": "smtp 451 4.2.1 Mailbox busy",
    "simulate-full": "smtp 552 5.2.2 Mailbox full",
    "simulate-spam": "smtp 554 5.7.1 Refused as unwanted",
}
"""Local part, whatever the domain → the mail server's answer."""


def error_of(address: str) -> str | None:
    """Return the error code `address` stands for; None for an ordinary one."""
    name, at, _ = address.partition("@")
    if at:
        return MAILBOXES.get(name)
    if address.startswith(AFTERWARDS) and len(address) > len(AFTERWARDS):
        return address.removeprefix(AFTERWARDS)
    return NUMBERS.get(address)
