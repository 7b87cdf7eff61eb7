"""Where votes that come at the same time meet: one transaction puts them on the board together.

Most of a transaction costs the same for one vote as for several: the ways to the database, the lock, the
log that must reach the disk. So whoever has a checked ballot waits for a turn, and whose turn it is takes
all that wait, and for a moment those still being checked. A lone voter waits for nobody (docs/adr/0024).
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from union.ballots.receipts import Receipt
from union.ballots.service import Examined, Refusal, Vote
from union.core.actor import Actor

PATIENCE = 0.2
"""Seconds that a turn waits at most for votes that are still being checked: some milliseconds each."""
MOST = 8
"""Votes in one transaction; others wait for the ballot's lock meanwhile."""

Answer = Receipt | Refusal
Checks = Callable[[], Examined | Refusal | None]
Casts = Callable[[str, Sequence[Vote]], Sequence[Answer]]
"""Casts votes on the ballot with this slug in one transaction, and returns an answer for each."""


@dataclass(eq=False)
class _Entry:
    """A checked vote that waits. problem: what its own transaction raised."""

    slug: str
    vote: Vote
    answer: Answer | None = None
    problem: Exception | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing has come of it yet."""
        return self.answer is None and self.problem is None


class Desk:
    """Takes the votes of one web process, from as many threads as it has.

    One ballot is checked at a time: threads that take turns at arithmetic only get in each other's way.
    """

    def __init__(self, casts: Casts) -> None:
        self._casts = casts
        self._checking = threading.Lock()
        self._turn = threading.Lock()
        self._moved = threading.Condition()
        self._coming = 0
        self._entries: list[_Entry] = []

    def take(self, slug: str, actor: Actor, text: str, check: Checks) -> Answer:
        """Check a vote and cast it; return its own answer, or raise what casting it raises."""
        entry = self._checked(slug, actor, text, check)
        with self._turn:
            while entry.waits:
                self._settle(slug)
        if entry.problem is not None:
            raise entry.problem
        if entry.answer is None:
            raise RuntimeError("a vote was left without an answer")
        return entry.answer

    def _checked(self, slug: str, actor: Actor, text: str, check: Checks) -> _Entry:
        with self._moved:
            self._coming += 1
        entry = None
        try:
            with self._checking:
                examined = check()
            entry = _Entry(slug, Vote(actor, text, examined))
        finally:
            with self._moved:
                self._coming -= 1
                if entry is not None:
                    self._entries.append(entry)
                self._moved.notify_all()
        return entry

    def _settle(self, slug: str) -> None:
        """Cast what waits for this ballot; one by one when together they fail: each has its own end."""
        with self._moved:
            self._moved.wait_for(lambda: not self._coming or len(self._entries) >= MOST, PATIENCE)
            entries = [entry for entry in self._entries if entry.slug == slug][:MOST]
        try:
            if len(entries) == 1 or not self._together(slug, entries):
                for entry in entries:
                    self._alone(slug, entry)
        finally:
            with self._moved:
                self._entries = [entry for entry in self._entries if entry.waits]

    def _together(self, slug: str, entries: Sequence[_Entry]) -> bool:
        """Cast all at once; tell whether that went well. No vote may stop another."""
        try:
            answers = self._casts(slug, [entry.vote for entry in entries])
        except Exception:  # noqa: BLE001 - each is tried alone next, and its own problem is raised to it
            return False
        for entry, answer in zip(entries, answers, strict=True):
            entry.answer = answer
        return True

    def _alone(self, slug: str, entry: _Entry) -> None:
        try:
            (entry.answer,) = self._casts(slug, [entry.vote])
        except Exception as problem:  # noqa: BLE001 - raised where the vote came in
            entry.problem = problem
