"""Texts through Sinch's SMS API over plain `requests`, and the check of its webhooks' signatures.

Written to https://developers.sinch.com/docs/sms/api-reference (POST /xms/v1/{plan}/batches): one batch for
each message, our key as `client_reference`, which comes back in every report and can be searched for. So a
message whose answer was lost can be found, or shown not to be there. Nothing is repeated here.
"""

import base64
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha384, sha512
from queue import Empty, LifoQueue
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter

from union.notify.channels.base import (
    Accepted,
    Ambiguous,
    Answer,
    Blind,
    Found,
    LookUp,
    Message,
    Missing,
    Refused,
    Retry,
    Single,
)
from union.notify.channels.wire import never_left, rest
from union.notify.rules.causes import Remedy, of
from union.notify.rules.kinds import Channel, State

NAME: Final = "sinch"
TIMEOUT: Final = (3.05, 10.0)
LOOK_BACK: Final = timedelta(seconds=30)
_CREATED: Final = 201
_OK: Final = 200
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_ACCOUNT: Final = frozenset({401, 403, 404})
_DIGESTS: Final = {"HmacSHA256": sha256, "HmacSHA384": sha384, "HmacSHA512": sha512}

STATES: Final[dict[str, State]] = {
    "Queued": State.ACCEPTED,
    "Dispatched": State.ACCEPTED,
    "Unknown": State.ACCEPTED,
    "Delivered": State.DELIVERED,
    "Aborted": State.FAILED,
    "Rejected": State.FAILED,
    "Failed": State.FAILED,
    "Cancelled": State.SUPPRESSED,
    "Deleted": State.SUPPRESSED,
    "Expired": State.EXPIRED,
}
"""Sinch's delivery report status → ours; `Unknown` is a text without a receipt from the handset."""


class SinchSms(Single):
    """A service plan. sender: the number or name texts come from. callback_url: where receipts go, ours."""

    name = NAME
    channel = Channel.SMS

    def __init__(
        self, *, plan: str, token: str, sender: str, api_url: str, callback_url: str, callers: int = 16
    ) -> None:
        self.callers = callers
        self._sender = sender
        self._token = token
        self._base = f"{api_url.rstrip('/')}/xms/v1/{plan}"
        self._callback_url = callback_url
        self._idle: LifoQueue[requests.Session] = LifoQueue()

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        """Lend a session with its own connection: one is not made for several threads at once."""
        try:
            session = self._idle.get_nowait()
        except Empty:
            session = requests.Session()
            adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            session.headers["Authorization"] = f"Bearer {self._token}"
        try:
            yield session
        finally:
            self._idle.put(session)

    def send(self, message: Message, now: datetime) -> Answer:
        """Create a batch with one recipient."""
        wanted = {
            "from": self._sender,
            "to": [message.to.removeprefix("+")],
            "body": message.body,
            "type": "mt_text",
            "delivery_report": "per_recipient",
            "expire_at": _iso(now + timedelta(seconds=message.validity)),
            "callback_url": self._callback_url,
            "client_reference": message.key,
        }
        try:
            with self._session() as session:
                answer = session.post(
                    f"{self._base}/batches", json=wanted, timeout=TIMEOUT, allow_redirects=False
                )
        except requests.exceptions.ConnectTimeout:
            return Retry(5.0, "connect")
        except requests.exceptions.ConnectionError as problem:
            return Retry(5.0, "connect") if never_left(problem) else Ambiguous("dropped")
        except requests.exceptions.RequestException as problem:
            return Ambiguous(type(problem).__name__)
        return _read(answer)

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """Search the plan's batches for our key; our own reference makes the answer definite."""
        del taken
        asked = {"client_reference": message.key, "start_date": _iso(since - LOOK_BACK), "page_size": "10"}
        try:
            with self._session() as session:
                listed = self._get(session, "batches", asked)
                ours = [one for one in listed["batches"] if one.get("client_reference") == message.key]
                if not ours:
                    return Missing()
                batch = str(ours[0]["id"])
                number = message.to.removeprefix("+")
                report = self._get(session, f"batches/{batch}/delivery_report/{number}", {})
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError) as problem:
            return Blind(type(problem).__name__)
        return Found(batch, *state_of(report))

    def _get(self, session: requests.Session, path: str, asked: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        answer = session.get(f"{self._base}/{path}", params=asked, timeout=TIMEOUT, allow_redirects=False)
        if answer.status_code != _OK:
            raise ValueError(answer.status_code)
        return answer.json()

    def close(self) -> None:
        """Close the connections that nobody is using."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(answer: requests.Response) -> Answer:
    """Tell what the provider said: taken, a definite no, not now, or nothing that can be relied on."""
    status = answer.status_code
    try:
        told = answer.json()
        code = str(told.get("code", ""))[:60]
    except (ValueError, AttributeError):
        told, code = {}, ""
    if status == _CREATED and told.get("id"):
        return Accepted(str(told["id"]))
    if status == _TOO_MANY:
        return Retry(rest(answer.headers, 1.0), "sinch 429", slower=True)
    if status in _ACCOUNT:
        return Retry(300.0, "sinch account", slower=True)
    if status >= _SERVER_ERROR or status < 400:  # noqa: PLR2004 - a success that cannot be read is none
        return Ambiguous(f"http {status}")
    return Refused(f"sinch {code or status}")


def state_of(report: Mapping[str, Any]) -> tuple[State, str | None]:
    """Return our state and error code for a recipient's delivery report; an unknown status means taken."""
    status = str(report.get("status", ""))
    state = STATES.get(status, State.ACCEPTED)
    number = f"sinch {report.get('code', '')}"
    code = number if of(number).reason != of("sinch").reason else f"sinch {status}"
    if state is State.FAILED and of(code).remedy is Remedy.EXPIRED:
        state = State.EXPIRED
    return state, code if state in {State.FAILED, State.EXPIRED} else None


def sign(secret: str, body: bytes, nonce: str, timestamp: str, algorithm: str = "HmacSHA256") -> str:
    """Return X-Sinch-Webhook-Signature: base64 of HMAC(secret, body "." nonce "." timestamp)."""
    signed = b".".join((body, nonce.encode(), timestamp.encode()))
    return base64.b64encode(hmac.digest(secret.encode(), signed, _DIGESTS[algorithm])).decode()


def valid_signature(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Tell whether Sinch signed this webhook with the secret of our service plan.

    How old it is does not matter: receipts are repeated for a day, and one told twice changes nothing.
    """
    nonce = headers.get("X-Sinch-Webhook-Signature-Nonce", "")
    timestamp = headers.get("X-Sinch-Webhook-Signature-Timestamp", "")
    algorithm = headers.get("X-Sinch-Webhook-Signature-Algorithm", "HmacSHA256")
    if not (secret and nonce and timestamp) or algorithm not in _DIGESTS:
        return False
    given = headers.get("X-Sinch-Webhook-Signature", "")
    return hmac.compare_digest(sign(secret, body, nonce, timestamp, algorithm).encode(), given.encode())
