"""Texts through Twilio's Messages API, and the check of its webhooks' signatures.

The only module that knows the `twilio` package. Every call has time-outs, nothing is repeated by the client,
and what gave no definite answer is Ambiguous: Twilio has no idempotency key for messages.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from queue import Empty, LifoQueue
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

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
from union.notify.rules.causes import Remedy, of_twilio
from union.notify.rules.kinds import Channel, State

TIMEOUT: Final = (3.05, 10.0)
LOOK_BACK: Final = timedelta(seconds=30)
LOOK_LIMIT: Final = 200
_SERVER_ERROR = 500
_AGAIN: Final = {Remedy.SLOW_DOWN: (1.0, True), Remedy.WAIT: (300.0, True), Remedy.RETRY: (5.0, False)}
"""Seconds until the next try, and whether to send fewer at a time."""

STATES: Final[dict[str, State]] = {
    "accepted": State.ACCEPTED,
    "scheduled": State.ACCEPTED,
    "queued": State.ACCEPTED,
    "sending": State.ACCEPTED,
    "sent": State.ACCEPTED,
    "delivered": State.DELIVERED,
    "read": State.DELIVERED,
    "partially_delivered": State.DELIVERED,
    "undelivered": State.FAILED,
    "failed": State.FAILED,
    "canceled": State.SUPPRESSED,
}
"""Twilio's message status → ours."""


class _Transport(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's HTTP client for another base address, with time-outs on every call and no log of addresses."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        parts = urlsplit(base_url)
        self.told: Mapping[str, str] = {}
        self._base = (parts.scheme, parts.netloc, parts.path.rstrip("/"))
        self.session = requests.Session()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the signature is Twilio's
    ) -> Response:
        """Send one request; raises what `requests` raises."""
        del timeout
        asked = urlsplit(url)
        scheme, netloc, path = self._base
        url = urlunsplit((scheme, netloc, path + asked.path, asked.query, ""))
        answer = self.session.request(
            method,
            url,
            params=params,
            data=data,
            headers=headers,
            auth=auth,
            timeout=TIMEOUT,
            allow_redirects=allow_redirects,
        )
        self.told = answer.headers  # the client's own error forgets them
        return Response(answer.status_code, answer.text, answer.headers)


class TwilioSms(Single):
    """A Messaging Service of one Twilio account.

    status_url: where receipts go, ours; the message's key is appended. discard: ask Twilio to keep neither
    text nor full number (an account feature).
    """

    name = "twilio"
    channel = Channel.SMS

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        messaging_service_sid: str,
        api_url: str,
        status_url: str,
        callers: int = 16,
        discard: bool = True,
    ) -> None:
        self.callers = callers
        self._service = messaging_service_sid
        self._status_url = status_url.rstrip("/")
        self._discard = discard
        self._account = account_sid
        self._token = auth_token
        self._api_url = api_url
        self._idle: LifoQueue[Client] = LifoQueue()

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """Lend a client with its own connection: a Session is not made for several threads at once."""
        try:
            client = self._idle.get_nowait()
        except Empty:
            client = Client(self._account, self._token, http_client=_Transport(self._api_url))
        try:
            yield client
        finally:
            self._idle.put(client)

    def send(self, message: Message, now: datetime) -> Answer:
        """Create the message at Twilio."""
        del now
        try:
            with self._client() as client:
                made = client.messages.create(
                    to=message.to,
                    messaging_service_sid=self._service,
                    body=message.body,
                    status_callback=f"{self._status_url}/{message.key}",
                    validity_period=message.validity,
                    **self._retention(),
                )
        except TwilioRestException as problem:
            return _refusal(problem, client.http_client.told)
        except requests.exceptions.ConnectTimeout:
            return Retry(5.0, "connect")
        except requests.exceptions.ConnectionError as problem:
            return Retry(5.0, "connect") if never_left(problem) else Ambiguous("dropped")
        except requests.exceptions.RequestException as problem:
            return Ambiguous(type(problem).__name__)
        except (TwilioException, ValueError, TypeError, KeyError) as problem:
            # An answer came that the client cannot read: a proxy's page, half a body. It may have been sent.
            return Ambiguous(type(problem).__name__)
        return Accepted(str(made.sid))

    def _retention(self) -> dict[str, Any]:
        return {"content_retention": "discard", "address_retention": "obfuscate"} if self._discard else {}

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """Search the account's messages to this number since the attempt for one that is ours.

        A discarded text comes back empty, so then the number and the time have to do; and when Twilio
        obfuscates numbers, finding nothing proves nothing.
        """
        try:
            with self._client() as client:
                listed = client.messages.list(
                    to=message.to, date_sent_after=since - LOOK_BACK, limit=LOOK_LIMIT, page_size=LOOK_LIMIT
                )
        except (
            requests.exceptions.RequestException,
            TwilioException,
            ValueError,
            TypeError,
            KeyError,
        ) as problem:
            return Blind(type(problem).__name__)
        ours = [found for found in listed if found.sid not in taken and _could_be(found, message)]
        if len(ours) == 1:
            return _found(ours[0])
        exact = [found for found in ours if found.body == message.body]
        if exact:
            return _found(exact[0])
        if ours:
            return Blind("several")
        return Blind("obfuscated") if self._discard else Missing()

    def close(self) -> None:
        """Close the connections that nobody is using."""
        while not self._idle.empty():
            self._idle.get_nowait().http_client.session.close()


def _refusal(problem: TwilioRestException, told: Mapping[str, str]) -> Answer:
    """Tell a definite no from a doubtful one."""
    if problem.status >= _SERVER_ERROR:
        return Ambiguous(f"http {problem.status}")
    code = str(problem.code) if problem.code else None
    cause = of_twilio(code, problem.status)
    shown = code or f"http {problem.status}"
    if (retry := _AGAIN.get(cause.remedy)) is not None:
        after, slower = retry
        return Retry(
            rest(told, after), code or "20429" if cause.remedy is Remedy.SLOW_DOWN else shown, slower=slower
        )
    return Refused(shown, opted_out=cause.remedy is Remedy.OPTED_OUT, expired=cause.remedy is Remedy.EXPIRED)


def _could_be(found: MessageInstance, message: Message) -> bool:
    direction = str(found.direction or "")
    return direction.startswith("outbound") and (not found.body or found.body == message.body)


def _found(found: MessageInstance) -> Found:
    status = str(found.status)
    code = str(found.error_code) if found.error_code else None
    return Found(str(found.sid), state_of(status, code), code)


def state_of(status: str, code: str | None) -> State:
    """Return our state for Twilio's `status` and error number; an unknown status means it was taken."""
    state = STATES.get(status, State.ACCEPTED)
    if state is State.FAILED and of_twilio(code).remedy is Remedy.EXPIRED:
        return State.EXPIRED
    return state


def valid_signature(token: str, url: str, form: Mapping[str, str], signature: str) -> bool:
    """Tell whether Twilio signed this webhook: `url` is the external address it called, query included."""
    return bool(token) and bool(RequestValidator(token).validate(url, dict(form), signature))
