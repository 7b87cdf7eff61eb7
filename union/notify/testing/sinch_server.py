"""A server that speaks Sinch's SMS API, keeps state, and can misbehave as the real one may.

Follows developers.sinch.com/docs/sms/api-reference for batches and delivery reports; sends nothing anywhere
but signed reports to our own webhook. Run it with `python -m union.notify.testing.sinch_server`.

Simulated recipients are those of `union.notify.rules.simulated`: a number that does not exist is taken and
then reported Aborted (402), one that opted out is Rejected, and +15555 with a report code after it gets that.
"""

import argparse
import asyncio
import hmac
import json
import secrets
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from union.core.clock import utcnow
from union.notify.channels.sinch_sms import sign
from union.notify.rules import simulated
from union.notify.testing.faults import Fault, Faults, chance
from union.notify.testing.http import Answer, Provider, Request, run, serving

PLAN = "unionplan0123456789abcdef"
TOKEN = "local-sinch-token"  # noqa: S105 - for the server on one's own machine
SECRET = "local-sinch-secret"  # noqa: S105 - as above
BODY_LIMIT = 1600
FINAL = frozenset({"Delivered", "Aborted", "Rejected", "Failed", "Expired", "Cancelled"})
_CODES = {"Queued": 400, "Dispatched": 401, "Delivered": 0}


@dataclass
class Batch:
    """One message the server took; `status` and `code` are those of its only recipient."""

    id: str
    to: str
    body: str
    sender: str
    reference: str
    callback: str
    expire_at: datetime
    created: datetime
    status: str = "Queued"
    code: int = 400

    def shown(self) -> dict[str, object]:
        """Return the batch as the API shows it."""
        return {
            "id": self.id, "to": [self.to], "from": self.sender, "body": self.body, "type": "mt_text",
            "canceled": self.status == "Cancelled", "client_reference": self.reference,
            "created_at": self.created.isoformat(), "modified_at": self.created.isoformat(),
            "expire_at": self.expire_at.isoformat(), "delivery_report": "per_recipient",
        }  # fmt: skip

    def report(self) -> dict[str, object]:
        """Return the recipient's delivery report."""
        return {
            "type": "recipient_delivery_report_sms", "batch_id": self.id, "recipient": self.to,
            "code": self.code, "status": self.status, "at": utcnow().isoformat(),
            "client_reference": self.reference, "number_of_message_parts": 1,
        }  # fmt: skip


@dataclass
class SinchServer(Provider):
    """A service plan. Faults as at the Twilio-speaking server."""

    plan: str = PLAN
    token: str = TOKEN
    secret: str = SECRET
    faults: Faults = field(default_factory=Faults)
    batches: dict[str, Batch] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)

    def sent(self) -> Counter[str]:
        """Return how often each of our rows was taken: row id → count. More than one is a double."""
        return Counter(batch.reference.partition("-")[0] for batch in list(self.batches.values()))

    async def _route(self, request: Request) -> Answer | None:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            return Answer(401)
        base = f"/xms/v1/{self.plan}/batches"
        if request.path == base:
            return await self._create(request) if request.method == "POST" else self._list(request)
        batch_id, _, rest = request.path.removeprefix(f"{base}/").partition("/")
        batch = self.batches.get(batch_id)
        if not request.path.startswith(f"{base}/") or batch is None:
            return Answer(404)
        if rest == f"delivery_report/{batch.to}":
            return Answer(200, batch.report())
        return Answer(200, batch.shown()) if not rest else Answer(404)

    async def _create(self, request: Request) -> Answer | None:  # noqa: PLR0911 - one per fault
        fault = self.faults.draw()
        self.requests[fault.value if fault else "ok"] += 1
        if self.faults.latency:
            await asyncio.sleep(self.faults.latency)
        if fault is Fault.TOO_MANY:
            return Answer(429, headers=self.faults.told)
        if fault is Fault.REFUSE_503:
            return Answer(503)
        if fault is Fault.DROP:
            return None
        batch = self._batch(request.body)
        if isinstance(batch, Answer):
            return batch
        self.batches[batch.id] = batch
        self._begin(self._deliver(batch))
        if fault is Fault.HANG:
            await asyncio.sleep(self.faults.hang)
            return None
        if fault is Fault.ACCEPT_THEN_DROP:
            return None
        if fault is Fault.ACCEPT_THEN_503:
            return Answer(503)
        return Answer(201, batch.shown())

    def _batch(self, body: bytes) -> Batch | Answer:
        """Read what is asked; the answer instead where it cannot be a batch."""
        now = utcnow()
        try:
            wanted = json.loads(body)
            [to] = wanted["to"]
            batch = Batch(
                id="01" + secrets.token_hex(12).upper(), to=str(to).removeprefix("+"),
                body=str(wanted.get("body", "")), sender=str(wanted.get("from", "")),
                reference=str(wanted.get("client_reference", ""))[:128],
                callback=str(wanted.get("callback_url", "")),
                expire_at=datetime.fromisoformat(wanted["expire_at"]), created=now,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            return _error("syntax_invalid_json")
        if not batch.body or len(batch.body) > BODY_LIMIT or not batch.sender:
            return _error("syntax_constraint_violation")
        if not batch.to.isdigit() or batch.expire_at <= batch.created:
            return _error("syntax_invalid_parameter_format")
        return batch

    def _list(self, request: Request) -> Answer:
        wanted = request.query
        size, page = min(int(wanted.get("page_size") or 30), 100), int(wanted.get("page") or 0)
        since = datetime.fromisoformat(wanted["start_date"]) if "start_date" in wanted else None
        found = [
            batch
            for batch in reversed(list(self.batches.values()))
            if wanted.get("client_reference") in {None, batch.reference}
            and (since is None or batch.created >= since.astimezone(UTC))
        ]
        shown = found[page * size : (page + 1) * size]
        return Answer(200, {
            "count": len(found), "page": page, "page_size": len(shown),
            "batches": [batch.shown() for batch in shown],
        })  # fmt: skip

    async def _deliver(self, batch: Batch) -> None:
        """Let the carrier do its work and report the end to the callback address."""
        await asyncio.sleep(self.faults.receipt_delay)
        end, code = _end(batch.to)
        batch.status, batch.code = end, code
        reports = [batch.report()]
        if self.faults.receipts_shuffled:
            reports.append({**batch.report(), "status": "Dispatched", "code": _CODES["Dispatched"]})
        if not batch.callback or not self.faults.receipts or chance(self.faults.receipts_lost):
            return
        for report in reports * (2 if chance(self.faults.receipts_twice) else 1):
            await asyncio.get_running_loop().run_in_executor(self._posters, self.post, batch.callback, report)

    def post(self, url: str, told: dict[str, object], secret: str | None = None) -> int:
        """Call a webhook of ours, signed; return the HTTP status, 0 when nobody answers."""
        body = json.dumps(told).encode()
        nonce, at = secrets.token_hex(8), str(int(utcnow().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Sinch-Webhook-Signature": sign(secret or self.secret, body, nonce, at),
            "X-Sinch-Webhook-Signature-Nonce": nonce,
            "X-Sinch-Webhook-Signature-Timestamp": at,
            "X-Sinch-Webhook-Signature-Algorithm": "HmacSHA256",
        }
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - the address is our own webhook
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0

    def reply(self, webhook: str, *, sender: str, body: str) -> int:
        """Play a member who texts back; return the HTTP status of our webhook."""
        return self.post(webhook, {
            "type": "mo_text", "id": "01" + secrets.token_hex(12).upper(), "from": sender.removeprefix("+"),
            "to": "31970000000", "body": body, "received_at": utcnow().isoformat(), "operator_id": "20404",
        })  # fmt: skip


def _end(to: str) -> tuple[str, int]:
    """Return status and code a message to `to` ends with."""
    number = f"+{to}"
    if number.startswith(simulated.AFTERWARDS) and number != simulated.AFTERWARDS:
        code = int(number.removeprefix(simulated.AFTERWARDS)[-3:])
        return ("Delivered" if code == 0 else "Aborted"), code
    match simulated.error_of(number):
        case None:
            return "Delivered", 0
        case "21610":
            return "Rejected", 408
        case _:
            return "Aborted", 402


def _error(code: str) -> Answer:
    return Answer(400, {"code": code, "text": code.replace("_", " ")})


@contextmanager
def running(server: SinchServer | None = None, *, port: int = 0) -> Iterator[SinchServer]:
    """Run `server` in a thread of this process on a loopback port while the block lasts."""
    server = server or SinchServer()
    with serving(server, port):
        yield server


def main() -> None:
    """Run from the command line until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    chosen = parser.parse_args()
    run(SinchServer(faults=Faults(latency=chosen.latency)), chosen.port)


if __name__ == "__main__":
    main()
