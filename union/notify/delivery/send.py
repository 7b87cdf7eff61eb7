"""Drain one channel: keep a window of messages on their way, mark them as answers come.

No database session is open while a message is handed over. One slow provider never holds another's messages.
"""

import logging
import os
import secrets
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from threading import Event
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.outage import outage
from union.notify import texts
from union.notify.channels.base import (
    Accepted,
    Ambiguous,
    Answer,
    InTurn,
    Message,
    Refused,
    Retry,
    Route,
    Ways,
)
from union.notify.delivery.claim import BATCH, MAILS, Claimed, Mark, claim, due, free, mark
from union.notify.delivery.credit import Pace
from union.notify.models import Wording
from union.notify.rules.capacity import validity
from union.notify.rules.kinds import MAILING_OF, Channel, State
from union.notify.service.consent import unsubscribe_token

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

SPARE: Final = timedelta(seconds=30)
"""A message is not handed over when less of its lease is left: the call itself may take that long."""
LONGEST_WAIT: Final = 300.0
GROUP: Final = 25
"""So many messages go down one line in turn, where a route can do so."""
_COLLECT: Final = 0.1
_AGAIN: Final = 1.0
"""Seconds until answers are written down again that the database did not take."""


@dataclass(frozen=True)
class Sender:
    """Who we are to recipients. public_url: the base of unsubscribe addresses."""

    union_name: str
    public_url: str

    def name_run(self) -> str:
        """Return a name for one run of this process, for its leases: nobody else claims under it."""
        return f"{socket.gethostname()[:50]}/{os.getpid()}/{secrets.token_hex(6)}"


@dataclass
class Sent:
    """How many messages became what."""

    states: Counter[State] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All that were tried."""
        return self.states.total()

    @property
    def accepted(self) -> int:
        """Those the provider took."""
        return self.states[State.ACCEPTED] + self.states[State.DELIVERED]


def deliver(
    ways: Ways,
    sender: Sender,
    *,
    clock: Clock,
    limit: int | None = None,
    pace: Pace | None = None,
    stop: Event | None = None,
) -> Sent:
    """Send all of the channel that is due, or up to `limit` messages; return what came of it.

    pace: no faster than each provider's contract. stop: once it is set nothing more is claimed, and what was
    claimed is finished.
    """
    with reading() as session:
        if not due(session, ways.channel, clock()):
            return Sent()
    return _Drain(ways, sender, clock, limit, pace, stop or Event()).run()


class _Drain:
    """One run. window: how many messages may be on their way; it shrinks when the provider says too fast."""

    def __init__(
        self, ways: Ways, sender: Sender, clock: Clock, limit: int | None, pace: Pace | None, stop: Event
    ) -> None:
        self._pace = pace
        self._stop = stop
        self._ways = ways
        self._sender = sender
        self._clock = clock
        self._left = limit
        self._most = float(MAILS if ways.channel is Channel.EMAIL else BATCH)
        self._window = self._most
        self._who = sender.name_run()
        self._held: set[int] = set()
        self._unsure = False
        self._callers = 0
        self._work: SimpleQueue[tuple[Route, list[Claimed]] | None] = SimpleQueue()
        self._answers: deque[Mark] = deque()
        self._enough = 1
        self._ready = Event()
        self._wordings: dict[int, tuple[str, str]] = {}
        self._sent = Sent()

    def run(self) -> Sent:
        marks: list[Mark] = []
        with ThreadPoolExecutor(self._ways.callers, thread_name_prefix=self._ways.name) as pool:
            try:
                while True:
                    route = self._ways.pick(self._clock)
                    for group in _groups(self._turn(route, marks), GROUP if isinstance(route, InTurn) else 1):
                        self._work.put((route, group))
                    if not self._held:
                        return self._sent
                    while self._callers < min(self._ways.callers, len(self._held)):
                        pool.submit(self._call)
                        self._callers += 1
                    marks = self._collect()
            finally:
                for _ in range(self._callers):
                    self._work.put(None)

    def _turn(self, route: Route, marks: list[Mark]) -> list[Claimed]:
        """Mark what came back and claim more, in one transaction; again while the database does not serve.

        What was handed over is known nowhere else: given up, it would be in doubt, and a mail for good.
        """
        while True:
            try:
                return self._write(route, marks)
            except SQLAlchemyError as error:
                known = not marks and not self._unsure
                if outage(error) is None or known or self._stop.wait(_AGAIN):
                    raise

    def _write(self, route: Route, marks: list[Mark]) -> list[Claimed]:
        size = int(self._window) - len(self._held)
        if self._left is not None:
            size = min(size, self._left)
        if self._stop.is_set():
            size = 0
        with transaction() as session:
            mark(session, marks)
            if self._unsure:
                free(session, who=self._who, held=self._held, now=self._clock())
            taken = (
                claim(
                    session, provider=route.name, channel=route.channel, now=self._clock(),
                    size=size, who=self._who, pace=self._pace,
                )
                if size > 0
                else []
            )  # fmt: skip
            for one in taken:
                if one.wording_id not in self._wordings:
                    wording = session.get_one(Wording, one.wording_id)
                    self._wordings[one.wording_id] = (wording.subject, wording.body)
            # until the COMMIT is answered nobody knows whether these are ours
            self._unsure = self._unsure or bool(taken)
        self._unsure = False
        self._held.update(one.id for one in taken)
        if self._left is not None:
            self._left -= len(taken)
        return taken

    def _collect(self) -> list[Mark]:
        """Wait until half of what is out has come back, or a moment has passed and something has.

        Woken once for all of them: to wake for each answer cost more than to write it down.
        """
        self._enough = max(1, len(self._held) // 2)
        while len(self._answers) < self._enough:
            self._ready.clear()
            if len(self._answers) < self._enough and not self._ready.wait(_COLLECT) and self._answers:
                break
        marks = [self._answers.popleft() for _ in range(len(self._answers))]
        self._held.difference_update(one.claimed.id for one in marks)
        for one in marks:
            self._sent.states[one.state] += 1
        return marks

    def _call(self) -> None:
        """Hand over what is claimed, one after the other, until there is no more."""
        while (work := self._work.get()) is not None:
            route, group = work
            if isinstance(route, InTurn):
                self._in_turn(route, group)
            else:
                for claimed in group:
                    self._answer(self._hand_over(route, claimed))

    def _answer(self, mark: Mark) -> None:
        self._answers.append(mark)
        if len(self._answers) >= self._enough:
            self._ready.set()

    def _hand_over(self, route: Route, claimed: Claimed) -> Mark:
        """Send one message from a thread of the pool; whatever happens, there is an answer."""
        try:
            ready = self._ready_one(claimed)
            return ready if isinstance(ready, Mark) else self._mark(claimed, route.send(ready, self._clock()))
        except Exception:
            # A fault of ours in the middle of sending: nobody can tell whether it went out.
            log.exception("message %d: fault while sending", claimed.id)
            return self._mark(claimed, Ambiguous("fault"))

    def _in_turn(self, route: InTurn, group: list[Claimed]) -> None:
        """Send `group` down one line; whatever happens, there is an answer for each."""
        left, begun = deque(group), deque[Claimed]()

        def messages() -> Iterator[Message]:
            while left:
                begun.append(left.popleft())
                ready = self._ready_one(begun[-1])
                if isinstance(ready, Mark):
                    begun.pop()
                    self._answer(ready)
                else:
                    yield ready

        try:
            for answer in route.send_all(messages(), self._clock):
                self._answer(self._mark(begun.popleft(), answer))
        except Exception:
            # As above, for the one under way and the one begun behind it; the others were not touched.
            log.exception("fault while sending one of %d messages", len(group))
        for one in begun:
            self._answer(self._mark(one, Ambiguous("fault")))
        for one in left:
            self._answer(Mark(one, State.CREATED, self._clock(), "not started"))

    def _ready_one(self, claimed: Claimed) -> Message | Mark:
        """Return the message as it goes out now, or what the row becomes because it does not."""
        now = self._clock()
        if now >= claimed.expires_at:
            return Mark(claimed, State.EXPIRED, now, "late", error_code="late", keep_text=False)
        if now > claimed.lease_until - SPARE:
            return Mark(claimed, State.CREATED, now, "not started")
        try:
            return self._message(claimed, now)
        except Invalid as problem:
            return Mark(claimed, State.FAILED, now, str(problem)[:100], error_code="text")

    def _message(self, claimed: Claimed, now: datetime) -> Message:
        subject, body = self._wordings[claimed.wording_id]
        fields, url = dict(claimed.fields), None
        if claimed.channel is Channel.EMAIL:
            mailing = MAILING_OF[claimed.lane]
            if mailing is not None and claimed.address_hash is not None:
                url = f"{self._sender.public_url}/u/{unsubscribe_token(claimed.address_hash, mailing)}"
            fields = {"union": self._sender.union_name, "stop": url or "", **fields}
        elif claimed.channel is Channel.PUSH:
            fields = {"union": self._sender.union_name, "link": f"{self._sender.public_url}/home", **fields}
        return Message(
            id=claimed.id, attempt=claimed.attempt, to=claimed.to, subject=texts.fill(subject, fields),
            body=texts.fill(body, fields), lane=claimed.lane, language=claimed.language,
            expires_at=claimed.expires_at, validity=validity(claimed.expires_at, now), unsubscribe_url=url,
            ref=claimed.ref, named=claimed.named,
        )  # fmt: skip

    def _mark(self, claimed: Claimed, answer: Answer) -> Mark:
        """Turn a channel's answer into what the row becomes."""
        now = self._clock()
        match answer:
            case Accepted():
                if self._window < self._most:
                    self._window = min(self._most, self._window + 0.5)
                state = State.DELIVERED if answer.delivered else State.ACCEPTED
                # At the desk the text must stay readable; elsewhere a secret one has done its work.
                keep = not claimed.secret or answer.delivered
                return Mark(claimed, state, now, state, answer.provider_id, keep_text=keep)
            case Refused():
                state = State.FAILED
                if answer.opted_out:
                    state = State.SUPPRESSED
                elif answer.expired:
                    state = State.EXPIRED
                return Mark(
                    claimed, state, now, "refused", error_code=answer.code, opted_out=answer.opted_out
                )
            case Retry():
                if answer.slower:
                    self._window = max(1.0, self._window * 0.9)
                back = _back_off(answer, claimed.attempt)
                return Mark(claimed, State.CREATED, now, "retry", error_code=answer.code, back=back)
            case Ambiguous():
                return Mark(claimed, State.UNKNOWN, now, answer.reason, error_code="no_answer")


def _groups(claimed: list[Claimed], size: int) -> Iterator[list[Claimed]]:
    for first in range(0, len(claimed), size):
        yield claimed[first : first + size]


def _back_off(answer: Retry, attempt: int) -> float:
    """Return seconds until the next try: doubling up to five minutes, a quarter more or less at random."""
    base = min(LONGEST_WAIT, answer.after * 2.0 ** min(attempt - 1, 10))
    return float(max(base, answer.after)) * (0.75 + secrets.randbelow(500) / 1000)
