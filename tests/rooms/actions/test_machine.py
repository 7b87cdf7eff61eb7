"""An action's life explored: whatever organizers, members and the clock do, in any order, the promises hold."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.conftest import NOW, fresh_sqlite
from tests.factories.actions import (
    SITE,
    hand_over,
    heartbeat,
    make_called,
    make_campaign,
    make_mandate,
    make_organizer,
    plan,
)
from union.actions import queries, service
from union.actions.models import Action, ActionVote, ActionZoneFiring, CheckinOnce, CheckinTally
from union.actions.rules.readiness import NotReady
from union.actions.rules.states import Choice, FiringState, Mark, State, VoteState
from union.actions.service import VotePlan
from union.audit.models import AuditEntry
from union.ballots.models import Ballot
from union.ballots.rules import Verdict
from union.campaigns import queries as campaigns
from union.campaigns.models import Mandate
from union.core import db
from union.core.actor import SYSTEM
from union.core.errors import UnionError
from union.members import queries as members
from union.notify.models import Outbox

PEOPLE = st.integers(0, 2)
MEMBERS = st.integers(0, 7)
REFUSED = (UnionError,)


class Life(RuleBasedStateMachine):
    """Three organizers, eight members, one action, a clock that only goes forward."""

    template = None
    folder = None
    lived = 0

    def __init__(self):
        super().__init__()
        self.opened = fresh_sqlite(self.template, self.folder)
        self.database = self.opened.__enter__()
        self.session = Session(
            self.database.engine.execution_options(**{db.WRITES: True}), expire_on_commit=False
        )
        self.now = NOW
        self.signed = []
        self.went_live = 0
        self.out = set()
        self.ends, self.may_move = None, 0

    @initialize(floor=st.integers(1, 8))
    def begin(self, floor):
        self.people = [make_organizer(self.session) for _ in range(3)]
        self.called = make_called(self.session, 8)
        self.campaign = make_campaign(self.session, self.now, called=self.called)
        self.slug = service.draft(
            self.session,
            actor=self.people[0],
            now=self.now,
            campaign_slug=self.campaign,
            plan=plan(floor=floor, chase=15),
        )
        self.session.commit()

    def teardown(self):
        self.session.close()
        self.opened.__exit__(None, None, None)

    @property
    def action(self):
        return self.session.scalars(
            select(Action).where(Action.slug == self.slug).execution_options(populate_existing=True)
        ).one()

    def act(self, verb, **facts):
        """Do it as an edge would: all of it, or nothing and the refusal."""
        try:
            found = verb(self.session, now=self.now, **facts)
        except REFUSED as refusal:
            self.session.rollback()
            return refusal
        self.session.commit()
        return found

    @rule(who=PEOPLE)
    def schedule(self, who):
        self.act(service.schedule, actor=self.people[who], slug=self.slug)

    @rule(who=PEOPLE)
    def test_message(self, who):
        self.act(service.send_test, actor=self.people[who], slug=self.slug)
        hand_over(self.session)
        self.session.commit()

    @rule(who=PEOPLE, awake=st.booleans())
    def arm(self, who, awake):
        if awake:
            heartbeat(self.session, self.now)
            self.session.commit()
        done = self.act(service.arm, actor=self.people[who], slug=self.slug)
        if done is None:
            self.signed = [who]

    @rule(who=PEOPLE)
    def confirm(self, who):
        heartbeat(self.session, self.now)
        self.session.commit()
        done = self.act(service.confirm, actor=self.people[who], slug=self.slug)
        if done is None:
            self.signed.append(who)
            assert len(set(self.signed)) == 2, "two different organizers"

    @rule(who=PEOPLE, other=PEOPLE)
    def go_through_it(self, who, other):
        """What an orderly evening looks like, so that the machine gets to the interesting part."""
        self.schedule(who)
        self.test_message(who)
        self.test_message(other)
        self.arm(who, awake=True)
        self.confirm(other)

    @rule(who=PEOPLE, other=PEOPLE)
    def live_through_it(self, who, other):
        if self.action.state in {State.POSTPONED, State.AUTHORIZED, State.SCHEDULED}:
            self.mandate(renew=True)
            self.edit(who, 2, 2)
        self.go_through_it(who, other)
        if self.action.state is State.ARMED:
            self.go_to_the_start()

    @rule(who=PEOPLE)
    def disarm(self, who):
        self.act(service.disarm, actor=self.people[who], slug=self.slug)

    @rule(who=PEOPLE, days=st.integers(1, 4), floor=st.integers(1, 9))
    def edit(self, who, days, floor):
        start = (self.now + timedelta(days=days)).strftime("%Y-%m-%dT18:00")
        end = (self.now + timedelta(days=days)).strftime("%Y-%m-%dT20:00")
        changed = plan(floor=floor, wall_start=start, wall_end=end, chase=15)
        before = self.action.version
        done = self.act(service.edit, actor=self.people[who], slug=self.slug, plan=changed, site=SITE)
        if isinstance(done, int):
            assert done in {before, before + 1}
            assert self.action.state is not State.ARMED, "a changed plan must be signed again"
            assert self.action.armed_by is None

    @rule(who=PEOPLE, off=st.booleans())
    def stop(self, who, off):
        was = self.action.state
        verb = service.cancel if off else service.postpone
        done = self.act(verb, actor=self.people[who], slug=self.slug, reason="Onweer", site=SITE)
        over = {State.ENDED, State.DEBRIEFED, State.CANCELLED} | (set() if off else {State.POSTPONED})
        assert isinstance(done, int) == (was not in over), "one organizer can always stop what is not over"

    @rule(who=MEMBERS, choice=st.sampled_from(list(Choice)))
    def choose(self, who, choice):
        actor = members.actor_of(self.session, self.called[who])
        self.act(service.choose, actor=actor, slug=self.slug, choice=choice, site=SITE)

    @rule(who=MEMBERS)
    def check_in(self, who):
        actor = members.actor_of(self.session, self.called[who])
        done = self.act(service.check_in, actor=actor, slug=self.slug)
        if done is None:
            assert who not in self.out, "counted twice"
            self.out.add(who)

    @rule(who=MEMBERS)
    def undo(self, who):
        actor = members.actor_of(self.session, self.called[who])
        if self.act(service.undo, actor=actor, slug=self.slug) is None:
            self.out.remove(who)

    @rule(renew=st.booleans())
    def mandate(self, renew):
        for row in self.session.scalars(select(Mandate)):
            row.expires_at = min(row.expires_at, self.now)
        if renew:
            make_mandate(self.session, campaigns.card(self.session, self.campaign).id, self.now)
        self.session.commit()

    @rule(who=PEOPLE, more=st.sampled_from([None, 0, 90]), hold=st.booleans(), by_clock=st.booleans())
    def plan_vote(self, who, more, hold, by_clock):
        if len(self.votes()) < 2:
            vote = VotePlan(
                title="Verder", question="Gaan we door?", steps=("Vertel het een collega.",), more=more, after=10,
                window=60, preset="simple-majority", group="Ed25519", server_trustee=True, hold=hold,
                by_clock=by_clock,
            )  # fmt: skip
            done = self.act(service.plan_vote, actor=self.people[who], slug=self.slug, vote=vote, site=SITE)
            if isinstance(done, int):
                assert self.action.armed_by is None, "who signed, signed another plan"

    @rule(who=PEOPLE, number=st.integers(1, 2), drop=st.booleans())
    def touch_vote(self, who, number, drop):
        was = self.action.state
        verb = service.drop_vote if drop else service.launch_vote
        done = self.act(verb, actor=self.people[who], slug=self.slug, number=number, site=SITE)
        if done is None:
            assert (was is State.LIVE) != drop, "dropped before it runs, opened while it does"

    @rule(passed=st.booleans())
    def count(self, passed):
        """Write an outcome on the ballot's row, as counting would."""
        for vote in self.votes():
            if vote.state is VoteState.LAUNCHED:
                row = self.session.scalars(select(Ballot).where(Ballot.slug == vote.ballot_slug)).one()
                row.state, row.concluded_at, row.cast, row.eligible = "concluded", self.now, 8, 8
                row.counts = [[6, 2, 0] if passed else [2, 6, 0]]
                row.verdict = Verdict(passed, 8, 8, 4, 0 if passed else 3, 0, ()).as_json()
                self.session.commit()
                if self.action.state is State.LIVE and passed:
                    self.may_move += 1
        self.tick()

    def votes(self):
        query = select(ActionVote).order_by(ActionVote.number).execution_options(populate_existing=True)
        return self.session.scalars(query).all()

    @rule(hours=st.sampled_from([0, 0, 1, 5, 24]))
    def clock(self, hours):
        self.now += timedelta(hours=hours)
        self.tick()

    @precondition(lambda self: self.action.state is State.ARMED)
    @rule()
    def go_to_the_start(self):
        self.now = max(self.now, self.action.starts_at)
        self.tick()

    def tick(self):
        """Let two schedulers look, one after the other: the second must find nothing left."""
        due = queries.due(self.session, self.now)
        fired = []
        for _ in range(2):
            for verb, slugs in (
                (service.brief, due.brief), (service.decide, due.decide), (service.fire, due.fire),
                (service.launch_due, due.launch), (service.settle_votes, due.settle), (service.chase, due.chase),
                (service.end, due.end), (service.lapse, due.lapse),
            ):  # fmt: skip
                for slug in slugs:
                    before = self.action
                    state, holds = before.state, self.mandate_holds(before)
                    done = self.act(verb, actor=SYSTEM, slug=slug, site=SITE)
                    assert not isinstance(done, UnionError) or isinstance(done, NotReady), done
                    if verb is service.fire and done:
                        fired += done
                        assert state is State.ARMED
                        assert holds, "no action starts without a mandate"
                        assert len(set(self.signed)) == 2
                        assert self.now < self.action.ends_at, "never late"
                        self.went_live += 1
                        self.ends, self.may_move = self.action.ends_at, 0
                        Life.lived += 1
                        self.out = set()
        assert len(fired) <= 1

    def mandate_holds(self, action):
        return campaigns.mandate_in_force(self.session, action.campaign_id, action.starts_at) is not None

    @invariant()
    def what_is_promised(self):
        action = self.action
        marks = self.session.scalar(
            select(func.count()).select_from(CheckinOnce).where(CheckinOnce.mark == Mark.OUT)
        )
        if action.state is State.LIVE:
            assert action.cleared_at is not None
            tally = sum(row.out for row in self.session.scalars(select(CheckinTally)))
            assert marks == tally == len(self.out)
        else:
            assert marks == 0, "who was counted is forgotten as soon as it does not run"
            assert action.checkin_key is None
            self.out = set() if action.state is not State.LIVE else self.out
        if action.state is State.LIVE and not self.may_move:
            assert action.ends_at == self.ends, "only members move the end of what runs"
        states = {vote.state for vote in self.votes()}
        if action.state in {State.ENDED, State.DEBRIEFED, State.CANCELLED}:
            assert VoteState.PLANNED not in states, "nothing opens after the end"
        if VoteState.LAUNCHED in states:
            assert action.fired_at is not None
        named = self.session.scalar(
            select(func.count()).select_from(Outbox).where(
                Outbox.kind.startswith("chase-"), Outbox.member_id.not_like("unlinked:%"), Outbox.state != "sending"
            )
        )  # fmt: skip
        assert action.state is State.LIVE or named == 0, "who was reminded is forgotten too"
        if action.state is State.ARMED:
            assert action.armed_by != action.confirmed_by
            assert None not in {action.armed_by, action.confirmed_by}
        fired = self.session.scalar(
            select(func.count()).select_from(AuditEntry).where(AuditEntry.act == "action.fire")
        )
        assert fired == self.went_live
        twice = self.session.execute(
            select(Outbox.ref, Outbox.kind, Outbox.member_id, Outbox.channel)
            .group_by(Outbox.ref, Outbox.kind, Outbox.member_id, Outbox.channel)
            .having(func.count() > 1)
        ).all()
        assert twice == []
        for row in self.session.scalars(
            select(ActionZoneFiring).where(ActionZoneFiring.state == FiringState.LIVE)
        ):
            assert action.state is State.LIVE
            assert row.fired_at >= row.starts_at


@pytest.mark.slow
def test_whatever_anybody_does(sqlite_template, tmp_path):
    Life.template, Life.folder = sqlite_template, tmp_path
    Life.lived = 0
    case = Life.TestCase
    case.settings = settings(
        max_examples=20,
        stateful_step_count=30,
        database=None,
        derandomize=True,
        phases=[Phase.generate],  # a counterexample is read as it is; shrinking takes minutes
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()
    assert Life.lived > 2, "the machine must get to where it matters"
