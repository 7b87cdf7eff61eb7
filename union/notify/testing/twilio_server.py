"""A server that speaks Twilio's Messages API, keeps state, and can misbehave as the real one may.

Follows Twilio's published OpenAPI description for /2010-04-01/Accounts/{sid}/Messages; sends nothing
anywhere but signed receipts to our own webhook. Run it with `python -m union.notify.testing.twilio_server`.

Magic numbers: Twilio's own (+15005550001 is no number, +15005550004 has opted out, …), and +15555 followed by
an error number, which is taken and then reported undelivered with that error (+1555530007).
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import logging
import secrets
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

from union.core.clock import utcnow
from union.notify.testing.faults import Fault, Faults, chance
from union.notify.testing.http import Answer, Provider, Request, run, serving

log = logging.getLogger(__name__)

ACCOUNT = "AC" + "0123456789abcdef" * 2
SERVICE = "MG" + "0123456789abcdef" * 2
TOKEN = "local-twilio-token"  # noqa: S105 - for the server on one's own machine
VERSION = "2010-04-01"

MAGIC = {
    "+15005550001": (21211, "Invalid 'To' Phone Number"),
    "+15005550002": (21612, "The 'To' number cannot be reached from this sender"),
    "+15005550003": (21408, "Permission to send to this region is not enabled"),
    "+15005550004": (21610, "The recipient has replied STOP"),
    "+15005550009": (21614, "'To' number is not a mobile number"),
}
UNDELIVERED = "+15555"
BODY_LIMIT = 1600
FINAL = {"delivered", "undelivered", "failed", "canceled"}


@dataclass
class Record:
    """One message the server took. key: our row and attempt, from the callback address."""

    sid: str
    to: str
    body: str
    service: str
    callback: str
    created: datetime
    validity: int
    discard: bool
    obfuscate: bool
    status: str = "accepted"
    error: int | None = None

    @property
    def key(self) -> str:
        """The last part of the callback address."""
        return self.callback.rstrip("/").rpartition("/")[2]

    def shown(self, account: str) -> dict[str, object]:
        """Return the message as the API shows it, without what it was asked not to keep."""
        done = self.status in FINAL
        uri = f"/{VERSION}/Accounts/{account}/Messages/{self.sid}"
        at = format_datetime(self.created)
        return {
            "account_sid": account, "api_version": VERSION,
            "body": "" if self.discard and done else self.body,
            "date_created": at, "date_sent": at, "date_updated": at,
            "direction": "outbound-api",
            "error_code": self.error, "error_message": None,
            "from": None, "messaging_service_sid": self.service or None,
            "num_media": "0", "num_segments": "0", "price": None, "price_unit": "USD",
            "sid": self.sid, "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": f"{self.to[:-4]}XXXX" if self.obfuscate and done else self.to,
            "uri": f"{uri}.json",
        }  # fmt: skip


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """Return X-Twilio-Signature: HMAC-SHA1 over the address and the sorted form fields, base64."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


@dataclass
class TwilioServer(Provider):
    """The account. journal: a file that gets one JSON line for each message taken, kept by whoever asks."""

    account: str = ACCOUNT
    token: str = TOKEN
    faults: Faults = field(default_factory=Faults)
    journal: Path | None = None
    records: dict[str, Record] = field(default_factory=dict)
    by_number: dict[str, list[Record]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    opted_out: set[str] = field(default_factory=set)

    def sent(self) -> Counter[str]:
        """Return how often each of our rows was taken: row id → count. More than one is a double."""
        return Counter(record.key.partition("-")[0] for record in self.records.values())

    async def _route(self, request: Request) -> Answer | None:
        """Answer one request; None hangs up without a word."""
        if request.path == "/_faults" and request.method == "POST":
            return self._set_faults(json.loads(request.body))
        if request.path == "/_sent":
            return Answer(200, {"rows": self.sent(), "requests": self.requests})
        if not self._signed_in(request):
            return _error(401, 20003, "Authenticate")
        prefix = f"/{VERSION}/Accounts/{self.account}/Messages"
        if request.path == f"{prefix}.json":
            return await self._create(request) if request.method == "POST" else self._list(request)
        if request.path.startswith(f"{prefix}/"):
            return self._one(request, request.path.removeprefix(f"{prefix}/").removesuffix(".json"))
        return _error(404, 20404, "The requested resource was not found")

    def _signed_in(self, request: Request) -> bool:
        expected = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        return hmac.compare_digest(request.headers.get("authorization", ""), f"Basic {expected}")

    def _set_faults(self, wanted: dict[str, object]) -> Answer:
        shares = wanted.pop("per_mille", None)
        for name, value in wanted.items():
            if hasattr(self.faults, name):
                setattr(self.faults, name, value)
        if isinstance(shares, dict):
            self.faults.per_mille = {Fault(name): int(share) for name, share in shares.items()}
        return Answer(200, {"set": sorted(wanted)})

    # -- the API

    async def _create(self, request: Request) -> Answer | None:  # noqa: PLR0911 - one per fault
        fault = self.faults.draw()
        self.requests[fault.value if fault else "ok"] += 1
        if self.faults.latency:
            await asyncio.sleep(self.faults.latency)
        if fault is Fault.TOO_MANY:
            return replace(_error(429, 20429, "Too Many Requests"), headers=self.faults.told)
        if fault is Fault.REFUSE_503:
            return _error(503, 20503, "Service unavailable")
        if fault is Fault.DROP:
            return None
        form = request.form
        if refusal := self._refusal(form):
            return refusal
        record = self._take(form)
        if fault is Fault.HANG:
            await asyncio.sleep(self.faults.hang)
            return None
        if fault is Fault.ACCEPT_THEN_DROP:
            return None
        if fault is Fault.ACCEPT_THEN_503:
            return _error(503, 20503, "Service unavailable")
        return Answer(201, record.shown(self.account))

    def _refusal(self, form: dict[str, str]) -> Answer | None:  # noqa: PLR0911 - one per error
        to, body = form.get("To", ""), form.get("Body", "")
        if not to:
            return _error(400, 21604, "A 'To' phone number is required")
        if not form.get("MessagingServiceSid") and not form.get("From"):
            return _error(400, 21603, "A 'From' phone number is required")
        if not body:
            return _error(400, 21602, "Message body is required")
        if len(body) > BODY_LIMIT:
            return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        if to in MAGIC:
            return _error(400, *MAGIC[to])
        if not to.startswith("+") or not to[1:].isdigit():
            return _error(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if to in self.opted_out:
            return _error(400, *MAGIC["+15005550004"])
        return None

    def _take(self, form: dict[str, str]) -> Record:
        record = Record(
            sid="SM" + secrets.token_hex(16), to=form["To"], body=form["Body"],
            service=form.get("MessagingServiceSid", ""), callback=form.get("StatusCallback", ""),
            created=utcnow(), validity=int(form.get("ValidityPeriod") or 36000),
            discard=form.get("ContentRetention") == "discard",
            obfuscate=form.get("AddressRetention") == "obfuscate",
        )  # fmt: skip
        self.records[record.sid] = record
        self.by_number.setdefault(record.to, []).append(record)
        if self.journal is not None:
            line = {"sid": record.sid, "key": record.key, "to": record.to, "body": record.body,
                    "at": record.created.isoformat(), "validity": record.validity}  # fmt: skip
            with self.journal.open("a") as journal:
                journal.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._begin(self._deliver(record))
        return record

    def _list(self, request: Request) -> Answer:
        wanted = request.query
        size = min(int(wanted.get("PageSize") or 50), 1000)
        page = int(wanted.get("Page") or 0)
        after = _instant(wanted.get("DateSent>"))
        before = _instant(wanted.get("DateSent<"))
        among = self.by_number.get(wanted["To"], []) if "To" in wanted else list(self.records.values())
        found = [
            record for record in reversed(among)
            if (after is None or record.created >= after) and (before is None or record.created <= before)
            and ("To" not in wanted or record.shown(self.account)["to"] == wanted["To"])
        ]  # fmt: skip
        shown = found[page * size : (page + 1) * size]
        base = f"/{VERSION}/Accounts/{self.account}/Messages.json"

        def uri(number: int) -> str:
            return f"{base}?{urlencode({**wanted, 'PageSize': size, 'Page': number})}"

        return Answer(200, {
            "messages": [record.shown(self.account) for record in shown],
            "page": page, "page_size": size, "start": page * size,
            "end": page * size + max(len(shown) - 1, 0),
            "uri": uri(page), "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1) if len(found) > (page + 1) * size else None,
            "previous_page_uri": uri(page - 1) if page else None,
        })  # fmt: skip

    def _one(self, request: Request, sid: str) -> Answer:
        record = self.records.get(sid)
        if record is None:
            return _error(404, 20404, "The requested resource was not found")
        if request.method == "DELETE":
            del self.records[sid]
            return Answer(204)
        if request.method == "POST":
            if request.form.get("Status") == "canceled":
                if record.status in FINAL:
                    return _error(400, 30409, "Message cannot be canceled")
                record.status = "canceled"
            if request.form.get("Body") == "":
                record.body = ""
        return Answer(200, record.shown(self.account))

    # -- receipts

    async def _deliver(self, record: Record) -> None:
        """Let the carrier do its work and report each status to the callback address."""
        statuses = ["sent", "delivered"]
        if record.to.startswith(UNDELIVERED):
            statuses = ["sent", "undelivered"]
            record.error = int(record.to.removeprefix(UNDELIVERED))
        if self.faults.receipts_shuffled:
            statuses.reverse()
        for status in statuses:
            await asyncio.sleep(self.faults.receipt_delay)
            if record.status in FINAL and not self.faults.receipts_shuffled:
                return
            record.status = status if record.status not in FINAL else record.status
            if (
                not record.callback.startswith("http")
                or not self.faults.receipts
                or chance(self.faults.receipts_lost)
            ):
                continue
            for _ in range(2 if chance(self.faults.receipts_twice) else 1):
                await asyncio.get_running_loop().run_in_executor(self._posters, self._report, record, status)

    def _report(self, record: Record, status: str) -> None:
        form = {
            "AccountSid": self.account, "ApiVersion": VERSION, "MessageSid": record.sid, "SmsSid": record.sid,
            "MessageStatus": status, "SmsStatus": status, "To": record.to,
            "MessagingServiceSid": record.service,
        }  # fmt: skip
        if status in {"undelivered", "failed"} and record.error:
            form["ErrorCode"] = str(record.error)
        self.post(record.callback, form)

    def post(self, url: str, form: Mapping[str, str], token: str | None = None) -> int:
        """Call a webhook of ours, signed; return the HTTP status, 0 when nobody answers."""
        request = urllib.request.Request(  # noqa: S310 - the address is our own webhook
            url, urlencode(form).encode(), {"X-Twilio-Signature": sign(token or self.token, url, form)}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0

    def reply(self, webhook: str, *, sender: str, body: str) -> int:
        """Play a member who texts back: call the inbound webhook as Twilio does; return the HTTP status."""
        first = body.strip().lower()
        if first in {"stop", "stopall", "unsubscribe", "cancel", "end", "quit"}:
            self.opted_out.add(sender)
        elif first in {"start", "yes", "unstop"}:
            self.opted_out.discard(sender)
        sid = "SM" + secrets.token_hex(16)
        return self.post(webhook, {
            "AccountSid": self.account, "ApiVersion": VERSION, "MessageSid": sid, "SmsMessageSid": sid,
            "SmsSid": sid, "From": sender, "To": "+15005550006", "Body": body, "NumMedia": "0",
            "NumSegments": "1",
            "MessagingServiceSid": SERVICE,
        })  # fmt: skip


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(status, {
        "code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    })  # fmt: skip


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextmanager
def running(server: TwilioServer | None = None, *, port: int = 0) -> Iterator[TwilioServer]:
    """Run `server` in a thread of this process on a loopback port while the block lasts."""
    server = server or TwilioServer()
    with serving(server, port):
        yield server


def main() -> None:
    """Run from the command line until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--account-sid", default=ACCOUNT)
    parser.add_argument("--auth-token", default=TOKEN)
    parser.add_argument("--journal", type=Path, help="write one JSON line per message taken")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--receipt-delay", type=float, default=0.0)
    chosen = parser.parse_args()
    server = TwilioServer(
        chosen.account_sid, chosen.auth_token,
        Faults(latency=chosen.latency, receipt_delay=chosen.receipt_delay), chosen.journal,
    )  # fmt: skip
    run(server, chosen.port)


if __name__ == "__main__":
    main()
