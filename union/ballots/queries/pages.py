"""What the pages of one ballot show: frozen values, and what follows from them alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from union.ballots import holders, papers, rules
from union.ballots.extension import Clause, Move
from union.ballots.papers import Asked, Part
from union.ballots.queries.results import Result
from union.ballots.queries.seats import Seat
from union.ballots.rules import (
    State,
    Turnout,
    Verdict,
)
from union.ballots.weights import Class, Weighting, exposed
from union.notify.queries import Progress


@dataclass(frozen=True)
class ObjectionLine:
    """An objection and its answer; without the name of who objected."""

    id: str
    text: str
    raised_at: datetime
    answer: str | None
    answered_at: datetime | None


@dataclass(frozen=True)
class Other:
    """Another ballot that this page points to."""

    slug: str
    title: str
    closes_at: datetime
    zone: str


@dataclass(frozen=True)
class GivenUp:
    """An officer's word that the count cannot be finished. agree_from: when a second one may agree."""

    note: str
    since: datetime
    agree_from: datetime
    mine: bool


@dataclass(frozen=True)
class BallotPage:
    """Everything the pages of one ballot show. voters: how many have voted, known while open and after.

    time_over: the close has come, and the ballot is still to be closed.
    """

    slug: str
    uuid: str
    title: str
    intro: str
    kind: str
    subject: str
    state: str
    group: str
    zone: str
    opens_at: datetime
    closes_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    concluded_at: datetime | None
    cancelled_at: datetime | None
    questions: tuple[Asked, ...]
    preset: str
    rule: dict[str, Any]
    rule_stale: bool
    rule_confirmed: bool
    seats: tuple[Seat, ...]
    eligible: int
    unreachable: int
    roll_hash: str | None
    fingerprint: str | None
    height: int
    head: str | None
    voters: int | None
    on_roll: bool
    voted: bool | None
    results: tuple[Result, ...]
    verdict: Verdict | None
    chapters: tuple[Turnout, ...]
    chapter_names: dict[str, str]
    objections: tuple[ObjectionLine, ...]
    contest_open: bool
    contest_until: datetime | None
    wiped_at: datetime | None
    platform_slug: str | None
    chapter_slug: str | None
    codes_by_officer: bool
    repeats: Other | None
    repeated_by: Other | None
    weighting: Weighting | None
    shared_weights: tuple[Class, ...]
    total_weight: int | None
    cast_weight: int | None
    my_weight: int | None
    shuffled: bool
    turn_since: datetime | None
    threshold: int | None = None
    ceremony: int = 1
    accused: str | None = None
    clause: Clause | None = None
    extended: Move | None = None
    rule_print: str = ""
    given_up: GivenUp | None = None
    time_over: bool = False

    @property
    def deciding(self) -> bool:
        """Whether the planned close has come and the clause is about to say if voting goes on."""
        return self.time_over and self.clause is not None and self.extended is None

    @property
    def ranked(self) -> bool:
        """Whether something is ranked or graded, so that trustees shuffle."""
        return papers.has_ranked(self.questions)

    @property
    def shuffling(self) -> bool:
        """Whether the count waits for the trustees' shuffles."""
        return self.ranked and self.state == State.CLOSED and not self.shuffled

    @property
    def turn(self) -> Seat | None:
        """The trustee whose shuffle is waited for."""
        return next((seat for seat in self.seats if seat.shuffle == "turn"), None)

    @property
    def exposed(self) -> int:
        """How many members have a weight that too few share for it to hide them."""
        return exposed(self.shared_weights)

    @property
    def tells_too_much(self) -> bool:
        """Whether rare orders may point to who gave them."""
        return papers.tells_too_much(self.questions, self.eligible)

    @property
    def counted_of(self) -> int:
        """What thresholds are shares of: the votes on the roll, or the members where all weigh the same."""
        return self.eligible if self.total_weight is None else self.total_weight

    @property
    def may_be_held_again(self) -> bool:
        """Whether the ballot settled nothing and nothing holds it again yet."""
        return self.repeated_by is None and rules.may_be_held_again(
            State(self.state),
            decides=self.questions[0].part is Part.DECISION,
            passed=self.verdict is not None and self.verdict.passed,
            tied=any(result.chosen and result.chosen.tied for result in self.results),
        )

    @property
    def server_only(self) -> bool:
        """Whether nobody but the server holds a key."""
        return all(seat.server for seat in self.seats)

    @property
    def my_seat(self) -> Seat | None:
        """The reader's seat as a trustee."""
        return next((seat for seat in self.seats if seat.mine), None)

    @property
    def keys_missing(self) -> int:
        """How many trustees have sent no key."""
        return sum(not seat.has_key for seat in self.seats)

    @property
    def shares_missing(self) -> int:
        """How many trustees' shares of the decryption the count still waits for."""
        return holders.shares_missing(self.threshold, ((s.server, s.has_decrypted) for s in self.seats))

    @property
    def shares_needed(self) -> int:
        """How many trustees' shares open the count."""
        return holders.shares_missing(self.threshold, ((seat.server, False) for seat in self.seats))

    @property
    def holders(self) -> tuple[Seat, ...]:
        """The members who hold the key."""
        return tuple(seat for seat in self.seats if not seat.server)

    @property
    def untested(self) -> tuple[Seat, ...]:
        """The members who have not shown that their key still opens things."""
        return tuple(seat for seat in self.holders if not seat.tested)

    @property
    def ceremony_step(self) -> int:
        """The step the key ceremony is at: 1, 2, 3, or 4 when it is over."""
        return holders.step_at([seat.steps for seat in self.holders])

    def owes_key(self, seat: Seat) -> bool:
        """Tell whether it is this trustee's turn to make a key, or a step towards one."""
        if seat.server or seat.has_key or self.accused:
            return False
        return self.threshold is None or seat.steps < self.ceremony_step


@dataclass(frozen=True)
class RunPage:
    """What organizers see besides: how far the codes are, how many are entitled, what was refused."""

    page: BallotPage
    credentials: Progress
    entitled: int
    refusals: tuple[tuple[str, int], ...]
    reminded_at: datetime | None
    contest_days: int
