"""The close moves by a clause frozen before the opening, once, and by nothing else."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from tests.factories import ballots as make
from union.audit.models import AuditEntry
from union.ballots import extension, jobs, queries, service
from union.ballots.extension import Clause, Facts, Move
from union.ballots.models import BallotPulse
from union.ballots.rules import Share
from union.ballots.service import extending
from union.core import db
from union.core.actor import SYSTEM
from union.core.errors import Closed, Invalid, UnionError
from union.notify.models import Outbox

HALF = Clause(Share(1, 2), 24)
OUTAGE = Clause(None, 0, 10)
YES = [[1, 0, 0]]
URL = "http://localhost"


def open_with(session, now, clause, **facts):
    """A ballot open from `now` under a rule with `clause`."""
    hand = make.issue(
        session, make.give_keys(session, make.make_ballot_draft(session, now, **facts), now), now
    )
    service.set_extension(
        session,
        actor=make.actor(session, hand.organizer),
        now=now,
        slug=hand.slug,
        clause=clause,
        public_url=URL,
    )
    return make.open_now(session, hand, now)


def close(session, hand, at):
    with make.at_database_time(at):
        return service.close_ballot(
            session, actor=SYSTEM, now=at, slug=hand.slug, public_url="http://localhost"
        )


def cast(session, hand, voter, at):
    with make.at_database_time(at):
        return make.vote(session, hand, voter, YES, at)


# The rule


@given(
    num=st.integers(1, 20),
    den=st.integers(1, 20),
    cast=st.integers(0, 10**6),
    missing=st.integers(0, 10**6),
    away=st.integers(0, 10**5),
    minutes=st.none() | st.integers(1, 1440),
    late=st.integers(0, 10**5),
)
def test_the_clause_is_exact(num, den, cast, missing, away, minutes, late):
    if num > den:
        num, den = den, num
    clause = Clause(Share(num, den), 24, minutes)
    planned = datetime(2026, 12, 1, 18, tzinfo=UTC)
    at, eligible = planned + timedelta(seconds=late), cast + missing
    move = extension.decide(clause, Facts(cast, eligible, timedelta(seconds=away)), planned, at)
    few = cast * den < num * eligible
    unreached = minutes is not None and away > minutes * 60
    assert (move is not None) == (few or unreached)
    if move is not None:
        base = planned if late <= 60 else at
        lengths = [24 * 60] * few + [-(-away // 60)] * unreached
        assert move.closes == base + timedelta(minutes=max(lengths))
        assert len(move.reasons) == few + unreached
        assert Move.from_json(move.as_json()) == move


def test_a_clause_is_not_applied_before_the_close():
    planned = datetime(2026, 12, 1, 18, tzinfo=UTC)
    with pytest.raises(ValueError, match="planned close"):
        extension.decide(HALF, Facts(0, 4, timedelta()), planned, planned - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("turnout", "hours", "outage", "field"),
    [
        ("half", 24, None, "extend_turnout"),
        ("1/0", 24, None, "extend_turnout"),
        ("3/2", 24, None, "extend_turnout"),
        ("1e999999999", 24, None, "extend_turnout"),
        ("0/2", 24, None, "extend_turnout"),
        ("", 24, None, "extend_turnout"),
        ("1/2", None, None, "extend_hours"),
        ("1/2", 0, None, "extend_hours"),
        ("1/2", 337, None, "extend_hours"),
        ("", None, 0, "extend_outage"),
        ("", None, 1441, "extend_outage"),
    ],
)
def test_what_cannot_be_a_clause_is_refused_at_its_field(turnout, hours, outage, field):
    with pytest.raises((Invalid, ValueError)) as refused:
        extension.typed(turnout, hours, outage)
    assert refused.value.field == field


def test_empty_is_no_clause_and_a_fraction_stays_exact():
    assert extension.typed(" ", None, None) is None
    assert extension.typed("1/3", 12, None) == Clause(Share(1, 3), 12)
    frozen = extension.frozen({"name": "x"}, Clause(Share(1, 3), 12, 5))
    assert Clause.of(frozen) == Clause(Share(1, 3), 12, 5)
    assert extension.fingerprint(frozen) != extension.fingerprint(extension.frozen({"name": "x"}, None))


# The ballot


def test_a_low_turnout_moves_the_close_once_and_says_so(session, now):
    hand = open_with(session, now, HALF)
    assert isinstance(cast(session, hand, hand.voters[0], now), service.Receipt)
    assert close(session, hand, hand.closes_at) is False
    ballot = make.row(session, hand)
    assert (ballot.state, ballot.closes_at) == ("open", hand.closes_at + timedelta(hours=24))
    late = hand.closes_at + timedelta(hours=23)
    assert isinstance(cast(session, hand, hand.voters[1], late), service.Receipt)
    with pytest.raises(Closed):
        close(session, hand, late)
    assert close(session, hand, ballot.closes_at) is True
    assert cast(session, hand, hand.voters[2], ballot.closes_at).code == "closed"
    assert make.row(session, hand).cast == 2
    page = queries.ballot_page(session, hand.slug, make.actor(session, hand.voters[0]), late)
    assert page.extended.planned == hand.closes_at
    assert [r.facts for r in page.extended.reasons] == [{"cast": 1, "eligible": 5, "needed": 3}]
    acts = {e.act: e.facts for e in session.scalars(select(AuditEntry)) if e.act.startswith("ballots.")}
    assert acts["ballots.extend"]["rule_hash"] == acts["ballots.open"]["rule_hash"] == page.rule_print


def test_enough_votes_close_as_planned(session, now):
    hand = open_with(session, now, HALF, voters=2)
    cast(session, hand, hand.voters[0], now)
    assert close(session, hand, hand.closes_at) is True
    assert make.row(session, hand).extended is None


def test_voting_twice_is_no_turnout(session, now):
    hand = open_with(session, now, HALF, voters=4)
    for minute in range(3):
        cast(session, hand, hand.voters[0], now + timedelta(minutes=minute))
    assert close(session, hand, hand.closes_at) is False


def test_without_a_clause_nothing_moves_the_close(session, now):
    hand = make.make_open_ballot(session, now)
    assert close(session, hand, hand.closes_at) is True
    assert make.row(session, hand).closes_at == hand.closes_at


def test_nobody_writes_a_clause_once_voting_is_open(session, now):
    hand = make.make_open_ballot(session, now)
    with pytest.raises(Closed):
        service.set_extension(
            session,
            actor=make.actor(session, hand.organizer),
            now=now,
            slug=hand.slug,
            clause=HALF,
            public_url=URL,
        )
    assert "extend" not in {name for name in service.__all__ if "close" in name}


def test_who_has_a_code_hears_of_another_clause_and_of_the_same_one_nothing(session, now):
    draft = make.make_ballot_draft(session, now)
    who = make.actor(session, draft.organizer)

    def told(at, clause):
        service.set_extension(session, actor=who, now=at, slug=draft.slug, clause=clause, public_url=URL)
        rows = session.scalars(select(Outbox).where(Outbox.kind.startswith("clause-")))
        return sorted(row.member_id for row in rows)

    assert told(now, OUTAGE) == []
    make.issue(session, make.give_keys(session, draft, now), now)
    assert told(now, OUTAGE) == []
    assert told(now, HALF) == sorted(draft.voters)
    assert told(now + timedelta(minutes=1), HALF) == sorted(draft.voters)
    assert told(now + timedelta(minutes=2), None) == sorted([*draft.voters, *draft.voters])


def test_a_gate_that_moved_twice_would_be_seen(session, now):
    """The planted fault: a close that forgets it has moved never comes."""
    hand = open_with(session, now, HALF)
    assert close(session, hand, hand.closes_at) is False
    ballot = make.row(session, hand)
    ballot.extended = None
    assert close(session, hand, ballot.closes_at) is False


def test_the_databases_clock_decides_that_the_close_has_come(session, now):
    hand = open_with(session, now, HALF)
    with make.at_database_time(hand.closes_at - timedelta(seconds=2)), pytest.raises(Closed):
        service.close_ballot(session, actor=SYSTEM, now=hand.closes_at, slug=hand.slug, public_url="")
    assert make.row(session, hand).extended is None


def test_the_clause_survives_new_times_and_is_repeated(session, now):
    draft = make.make_ballot_draft(session, now)
    who = make.actor(session, draft.organizer)
    service.set_extension(session, actor=who, now=now, slug=draft.slug, clause=HALF, public_url=URL)
    service.reschedule(
        session,
        actor=who,
        now=now,
        slug=draft.slug,
        opens_at=now + timedelta(hours=2),
        closes_at=now + timedelta(days=2),
    )
    assert Clause.of(make.row(session, draft).rule) == HALF
    hand = make.open_now(session, make.issue(session, make.give_keys(session, draft, now), now), now)
    assert Clause.of(make.row(session, hand).rule) == HALF


def test_across_a_clock_change_an_hour_is_an_hour(session, now):
    """Clocks in Amsterdam go forward on 28 March 2027 at 02:00."""
    amsterdam = ZoneInfo("Europe/Amsterdam")
    opens = datetime(2027, 3, 20, 12, tzinfo=UTC)
    hand = open_with(session, opens, HALF, window=timedelta(days=7, hours=9), opens_in=timedelta(0))
    assert close(session, hand, hand.closes_at) is False
    moved = make.row(session, hand).closes_at
    assert moved - hand.closes_at == timedelta(hours=24)
    assert hand.closes_at.astimezone(amsterdam).hour == 22
    assert moved.astimezone(amsterdam).hour == 23


# Those who have not voted


def test_who_has_not_voted_gets_the_new_close(session, now):
    hand = open_with(session, now, HALF)
    cast(session, hand, hand.voters[1], now)
    close(session, hand, hand.closes_at)
    at = hand.closes_at + timedelta(minutes=1)
    due = queries.due(session, at)
    assert hand.slug in due.to_remind
    service.remind(session, actor=SYSTEM, now=at, slug=hand.slug, public_url="http://localhost")
    sent = list(session.scalars(select(Outbox).where(Outbox.kind == "extended")))
    assert {m.member_id for m in sent} == {v for v in hand.voters if v != hand.voters[1]}
    assert all(json.loads(m.sealed)["fields"]["closes"] for m in sent)
    assert {m.expires_at for m in sent} == {hand.closes_at + timedelta(hours=24)}
    assert hand.slug not in queries.due(session, at + timedelta(minutes=1)).to_remind


# Out of reach


def test_an_outage_is_given_back(session, now):
    hand = open_with(session, now, OUTAGE)
    for minute in (0, 1, 13, 14):  # twelve minutes of silence
        service.reached(session, now=now + timedelta(minutes=minute, seconds=1), slug=hand.slug)
    service.reached(session, now=hand.closes_at - timedelta(seconds=20), slug=hand.slug)
    pulse = session.scalar(select(BallotPulse))
    pulse.away = 12 * 60
    session.flush()
    assert close(session, hand, hand.closes_at) is False
    assert make.row(session, hand).closes_at == hand.closes_at + timedelta(minutes=12)


def test_silence_adds_up_and_a_missed_look_does_not(session, now):
    hand = open_with(session, now, OUTAGE)
    at = now
    for seconds in (15, 59, 60, 61, 15, 600):
        at += timedelta(seconds=seconds)
        assert service.reached(session, now=at, slug=hand.slug)
    assert session.scalar(select(BallotPulse)).away == 661
    assert not service.reached(session, now=at, slug=hand.slug)


def test_an_outage_across_the_close_counts_from_when_we_are_back(session, now):
    hand = open_with(session, now, OUTAGE)
    service.reached(session, now=hand.closes_at - timedelta(minutes=30), slug=hand.slug)
    session.scalar(select(BallotPulse)).away = 0
    back = hand.closes_at + timedelta(hours=2)
    assert cast(session, hand, hand.voters[0], back).code == "deciding"
    assert close(session, hand, back) is False
    assert make.row(session, hand).closes_at == back + timedelta(minutes=30)
    assert isinstance(cast(session, hand, hand.voters[0], back + timedelta(minutes=29)), service.Receipt)


def test_a_ballot_without_that_clause_is_not_watched(session, now):
    hand = open_with(session, now, HALF)
    assert not service.reached(session, now=now + timedelta(minutes=1), slug=hand.slug)
    assert queries.due(session, now).watched == ()


# Schedulers


def test_two_schedulers_move_it_once(database, settings, now):
    with db.transaction() as session:
        hand = open_with(session, now, HALF)
    both = Barrier(2)

    def tick():
        both.wait()
        return jobs.close_due(hand.closes_at, settings)

    with make.at_database_time(hand.closes_at), ThreadPoolExecutor(2) as pool:
        assert [f.result() for f in [pool.submit(tick), pool.submit(tick)]] == [0, 0]
    with db.transaction() as session:
        assert make.row(session, hand).closes_at == hand.closes_at + timedelta(hours=24)
        moved = select(AuditEntry).where(AuditEntry.act == "ballots.extend")
        assert len(list(session.scalars(moved))) == 1


def test_votes_at_the_moment_of_the_close_are_before_it_or_after(database, settings, now):
    """A vote and the close race for the lock: whatever wins, the vote is on the board or refused, never half."""
    with db.transaction() as session:
        hand = open_with(session, now, Clause(Share(1, 5), 24), voters=5)
        text = make.seal(session, hand, hand.voters[0], YES)
    both = Barrier(2)

    def vote():
        both.wait()
        with db.transaction() as session:
            return service.cast(
                session,
                actor=make.actor(session, hand.voters[0]),
                slug=hand.slug,
                text=text,
                now=now,
                signer=make.SIGNER,
            )

    def tick():
        both.wait()
        return jobs.close_due(hand.closes_at, settings)

    with make.at_database_time(hand.closes_at), ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(vote), pool.submit(tick)
        answer = one.result()
        two.result()
    with db.transaction() as session:
        ballot = make.row(session, hand)
        assert (ballot.state, ballot.extended is not None) == ("open", True)
        assert ballot.closes_at == hand.closes_at + timedelta(hours=24)
    assert isinstance(answer, service.Receipt) or answer.code == "deciding"


# All orders of what can happen


class Closing(RuleBasedStateMachine):
    """Votes, ticks of the clock and looks of the watch in any order; one model, one real ballot."""

    session = None
    start = None

    def __init__(self):
        super().__init__()
        self.nested = self.session.begin_nested()
        self.hand = open_with(
            self.session, self.start, Clause(Share(1, 2), 5, 10), voters=3, title=f"Machine {id(self)}"
        )
        self.now = self.start
        self.voted = set()
        self.planned = self.hand.closes_at
        self.moves = 0

    def teardown(self):
        self.nested.rollback()

    @property
    def ballot(self):
        return make.row(self.session, self.hand)

    @rule(minutes=st.sampled_from([1, 30, 60 * 24, 60 * 24 * 3]))
    def time_passes(self, minutes):
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.ballot.state == "open")
    @rule()
    def almost_the_close(self):
        self.now = max(self.now, self.ballot.closes_at - timedelta(seconds=1))

    @rule(who=st.integers(0, 2))
    def somebody_votes(self, who):
        open_now = self.ballot.state == "open" and self.now < self.ballot.closes_at
        if self.ballot.state != "open":
            return
        answer = cast(self.session, self.hand, self.hand.voters[who], self.now)
        assert isinstance(answer, service.Receipt) == open_now
        if open_now:
            self.voted.add(who)

    @rule()
    def the_watch_looks(self):
        service.reached(self.session, now=self.now, slug=self.hand.slug)

    @rule()
    def the_clock_ticks(self):
        before = self.ballot.closes_at
        try:
            closed = close(self.session, self.hand, self.now)
        except UnionError:
            assert self.now < before or self.ballot.state != "open"
            return
        assert self.now >= before
        if not closed:
            self.moves += 1
            assert before == self.planned

    @invariant()
    def it_moves_at_most_once_and_only_for_a_reason(self):
        ballot = self.ballot
        assert self.moves <= 1
        assert (ballot.closes_at != self.planned) == (self.moves == 1) == (ballot.extended is not None)
        if ballot.state == "closed":
            assert ballot.cast == len(self.voted)


def test_in_every_order(session, now):
    Closing.session, Closing.start = session, now
    run_state_machine_as_test(
        Closing,
        settings=hypothesis_settings(
            max_examples=5,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_only_one_place_moves_the_close_of_an_open_ballot():
    writes = re.compile(r"ballot\.closes_at(, \w+(\.\w+)*)* = ")
    files = Path(extending.__file__).parent.glob("*.py")
    assert {path.name for path in files if writes.search(path.read_text())} == {"drafting.py", "extending.py"}
    assert writes.search("    ballot.closes_at = later")  # a planted fault would be found
