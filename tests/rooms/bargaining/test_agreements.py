"""From a tentative text through a real ballot to obligations and grievances, on a real database."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import func, select, text

from tests.factories import ballots as ballot_factory
from tests.factories.bargaining import (
    SITE,
    actor,
    agreement_of,
    make_agreement,
    make_sitter,
    make_table,
    make_terms,
)
from tests.factories.members import make_member
from union.audit.models import AuditEntry
from union.ballots import service as voting
from union.ballots.models import Ballot
from union.ballots.service import Call
from union.bargaining import jobs, queries, service
from union.bargaining.models import Grievance, GrievanceNote, Obligation, ObligationCheck, TableReminder
from union.bargaining.rules import agreements as rules
from union.bargaining.rules import wording
from union.bargaining.rules.agreements import State, Turn
from union.bargaining.rules.grievances import Turn as Step
from union.bargaining.service import grievances as cases
from union.campaigns.models import Demand
from union.core.actor import SYSTEM, Role
from union.core.db import transaction
from union.core.errors import Closed, Invalid, NotAllowed, NotFound, UnionError
from union.members.models import Member
from union.notify.models import Outbox


@pytest.fixture
def table(session):
    return make_table(session)


def vote(session, now, **facts):
    trustee = make_member(session, roles=[Role.TRUSTEE], name="Tess Trustee")
    return Call(
        **{
            "title": "Ratify the agreement", "intro": "Read the text first.", "question": "Do you accept this agreement?",
            "preset": "ratification-simple-majority", "group": "Ed25519", "opens_at": now + timedelta(hours=1),
            "closes_at": now + timedelta(days=7), "zone": "Europe/Amsterdam", "trustee_ids": [trustee], **facts,
        }
    )  # fmt: skip


def launch(session, table, now, slug):
    return service.launch_ratification(
        session, actor=table[1], now=now, slug=slug, vote=vote(session, now), public_url=SITE
    )


def settle(session, now, slug):
    return service.settle_ratification(session, actor=SYSTEM, now=now, slug=slug, public_url=SITE)


def follow(session, now, slug):
    return service.follow_repeated_vote(session, actor=SYSTEM, now=now, slug=slug, public_url=SITE)


def decided(session, ballot_slug, now, *, passed):
    """Write an outcome on the ballot's row, as counting would."""
    row = session.query(Ballot).filter_by(slug=ballot_slug).one()
    row.state, row.concluded_at, row.counts = "concluded", now, [[30, 5, 1] if passed else [5, 30, 1]]
    row.cast, row.eligible = 36, 50
    from union.ballots.rules import Verdict

    row.verdict = Verdict(passed, 36, 50, 18, 0 if passed else 13, 0, ()).as_json()
    session.flush()


class TestText:
    def test_what_is_agreed_is_frozen_by_hash(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="tentative")
        row = agreement_of(session, slug)
        assert row.hash == wording.digest(row.text)
        assert "Rijder pays at least 20 cents a kilometre." in row.text
        with pytest.raises(Closed, match="frozen"):
            service.edit_agreement(
                session, actor=table[2], now=now, slug=slug, terms=make_terms(), language="en"
            )
        service.reopen(session, actor=table[2], now=now, slug=slug)
        service.edit_agreement(
            session, actor=table[2], now=now, slug=slug, terms=make_terms(preamble="New."), language="nl"
        )
        before = row.hash
        assert before is None
        assert "Van kracht" not in (row.text or "")

    def test_only_who_sits_agrees(self, session, table, now):
        slug = make_agreement(session, table[0], table[2])
        with pytest.raises(NotAllowed, match="do not sit"):
            service.agree(session, actor=table[1], now=now, slug=slug)

    def test_an_incomplete_text_is_kept_but_not_agreed(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], clauses=(), obligations=())
        with pytest.raises(Invalid, match="at least one clause"):
            service.agree(session, actor=table[2], now=now, slug=slug)
        assert agreement_of(session, slug).state == "draft"

    def test_an_agreement_that_is_over_before_it_begins(self, session, table, now):
        slug = make_agreement(
            session, table[0], table[2], starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1), obligations=()
        )
        with pytest.raises(Invalid, match="passed already") as refused:
            service.agree(session, actor=table[2], now=now, slug=slug)
        assert refused.value.field == "ends_on"


class TestRatification:
    def test_members_vote_on_the_very_text(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="tentative")
        ballot = launch(session, table, now, slug)
        row = session.query(Ballot).filter_by(slug=ballot).one()
        assert (row.kind, row.subject) == ("ratification", f"agreement/{slug}")
        assert agreement_of(session, slug).hash in row.intro
        with pytest.raises(Closed, match="voting on this agreement already"):
            launch(session, table, now, slug)
        with pytest.raises(Closed, match="voting on this very text"):
            service.reopen(session, actor=table[2], now=now, slug=slug)
        assert settle(session, now, slug) is None

    @pytest.mark.parametrize(("passed", "state"), [(True, State.RATIFIED), (False, State.REJECTED)])
    def test_the_outcome_is_taken_once(self, session, table, now, passed, state):
        slug = make_agreement(session, table[0], table[2], state="tentative")
        decided(session, launch(session, table, now, slug), now, passed=passed)
        assert settle(session, now, slug) == state.value
        assert settle(session, now, slug) is None
        row = agreement_of(session, slug)
        assert row.state == state
        assert row.vote["cast"] == 36
        assert (
            session.scalar(
                select(func.count()).select_from(Outbox).where(Outbox.ref == f"agreement:{row.id}")
            )
            == 2
        )

    def test_a_cancelled_vote_gives_the_text_back(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="tentative")
        ballot = launch(session, table, now, slug)
        voting.cancel(session, actor=table[1], now=now, slug=ballot, public_url=SITE)
        assert settle(session, now, slug) == "cancelled"
        assert agreement_of(session, slug).state == "tentative"
        assert launch(session, table, now, slug) != ballot

    def test_a_vote_held_again_settles_the_agreement(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="tentative")
        first = launch(session, table, now, slug)
        decided(session, first, now, passed=False)
        assert settle(session, now, slug) == "rejected"
        assert follow(session, now, slug) is False, "nothing is held again yet"
        again = voting.hold_again(session, actor=table[1], now=now, slug=first)
        with pytest.raises(Closed, match="being held again"):
            service.reopen(session, actor=table[2], now=now, slug=slug)
        assert follow(session, now, slug) is True
        assert follow(session, now, slug) is False, "once"
        row = agreement_of(session, slug)
        assert (row.state, row.ballot_slug, row.vote) == ("ratifying", again, None)
        decided(session, again, now, passed=True)
        assert settle(session, now, slug) == "ratified"
        assert agreement_of(session, slug).vote["ballot"] == again

    def test_a_vote_held_again_on_words_that_are_no_more_is_called_off(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="tentative")
        first = launch(session, table, now, slug)
        decided(session, first, now, passed=False)
        settle(session, now, slug)
        service.reopen(session, actor=table[2], now=now, slug=slug)
        again = voting.hold_again(session, actor=table[1], now=now, slug=first)
        assert slug in service.repeatable(session)
        assert follow(session, now, slug) is False
        assert session.query(Ballot).filter_by(slug=again).one().state == "cancelled"
        assert agreement_of(session, slug).state == "draft"

    def test_a_real_ballot_makes_a_real_agreement(self, database, now, settings):
        """Keys, credentials, sealed votes, tally: then the clock puts the agreement in force and sets the demand."""
        with transaction() as session:
            table = make_table(session)
            demand = session.scalars(select(Demand.id).order_by(Demand.id)).first()
            slug = make_agreement(session, table[0], table[2], demand_id=demand, state="tentative")
            hand = ballot_factory.make_concluded_ballot(
                session,
                now,
                kind="ratification",
                subject=f"agreement/{slug}",
                preset="ratification-simple-majority",
            )
            row = agreement_of(session, slug)
            row.state, row.ballot_slug = "ratifying", hand.slug
        later = hand.closes_at + timedelta(hours=2)
        assert jobs.settle(later, settings) == 1
        with transaction() as session:
            row = agreement_of(session, slug)
            assert row.state == "ratified"
            assert row.vote["counts"][0][1] == 3
        started = row.starts_at
        assert jobs.settle(started - timedelta(seconds=1), settings) == 0
        assert jobs.settle(started, settings) == 1
        assert jobs.settle(started, settings) == 0
        with transaction() as session:
            assert agreement_of(session, slug).state == "in_force"
            assert session.get(Demand, demand).status == "conceded"
        assert jobs.settle(row.ends_at, settings) == 1
        with transaction() as session:
            assert agreement_of(session, slug).state == "ended"

    def test_two_schedulers_begin_it_once(self, database, now, settings):
        with transaction() as session:
            table = make_table(session)
            slug = make_agreement(session, table[0], table[2], state="ratified")
            starts = agreement_of(session, slug).starts_at
        done = []
        threads = [
            threading.Thread(target=lambda: done.append(jobs.settle(starts, settings))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(done) == 1
        with transaction() as session:
            entries = session.scalars(
                select(AuditEntry).where(AuditEntry.act == "bargaining.agreement_enter")
            ).all()
            assert len(entries) == 1


class TestMachine:
    def test_verbs_follow_the_table(self, session, table, now):
        """Verbs in any order on a real database do what the table of turns says, and refuse by name."""
        slug, organizer, sitter = table
        trustee_vote = vote(session, now)

        class Verbs(RuleBasedStateMachine):
            def __init__(self):
                super().__init__()
                self.point = session.begin_nested()
                self.slug = make_agreement(session, slug, sitter)
                self.state = State.DRAFT

            def teardown(self):
                self.point.rollback()

            def attempt(self, turn, verb):
                possible = rules.possible(self.state, turn)
                try:
                    verb()
                except UnionError:
                    assert not possible
                else:
                    assert possible
                    self.state = rules.after(self.state, turn)
                assert agreement_of(session, self.slug).state == self.state

            @rule(turn=st.sampled_from([Turn.AGREE, Turn.REOPEN]))
            def plain(self, turn):
                verb = {Turn.AGREE: service.agree, Turn.REOPEN: service.reopen}[turn]
                self.attempt(turn, lambda: verb(session, actor=sitter, now=now, slug=self.slug))

            @rule(turn=st.sampled_from([Turn.ABANDON, Turn.TERMINATE]))
            def finish(self, turn):
                verb = {Turn.ABANDON: service.abandon, Turn.TERMINATE: service.terminate}[turn]
                self.attempt(
                    turn, lambda: verb(session, actor=sitter, now=now, slug=self.slug, why="Because")
                )

            @rule()
            def launch(self):
                self.attempt(
                    Turn.LAUNCH,
                    lambda: service.launch_ratification(
                        session, actor=organizer, now=now, slug=self.slug, vote=trustee_vote, public_url=SITE
                    ),
                )

            @rule(passed=st.booleans())
            def count(self, passed):
                row = agreement_of(session, self.slug)
                if row.state != State.RATIFYING:
                    assert settle(session, now, self.slug) is None
                    return
                decided(session, row.ballot_slug, now, passed=passed)
                turn = Turn.RATIFY if passed else Turn.REJECT
                self.attempt(turn, lambda: settle(session, now, self.slug))

            @rule()
            def hold_again(self):
                row = agreement_of(session, self.slug)
                if row.state != State.REJECTED:
                    assert follow(session, now, self.slug) is False
                    return
                voting.hold_again(session, actor=organizer, now=now, slug=row.ballot_slug)
                self.attempt(Turn.ASK_AGAIN, lambda: follow(session, now, self.slug))

            @rule()
            def enter(self):
                row = agreement_of(session, self.slug)
                moved = service.enter(session, actor=SYSTEM, now=row.starts_at, slug=self.slug)
                assert moved == rules.possible(self.state, Turn.ENTER)
                self.state = State.IN_FORCE if moved else self.state

            @rule()
            def end(self):
                row = agreement_of(session, self.slug)
                moved = service.end(session, actor=SYSTEM, now=row.ends_at, slug=self.slug)
                assert moved == rules.possible(self.state, Turn.END)
                self.state = State.ENDED if moved else self.state

        run_state_machine_as_test(
            Verbs,
            settings=settings(
                max_examples=12,
                stateful_step_count=12,
                suppress_health_check=list(HealthCheck),
            ),
        )


class TestObligations:
    def duty(self, session, title="Publish"):
        return session.scalars(select(Obligation).where(Obligation.title.startswith(title))).one()

    def test_checks_with_evidence(self, session, table, now):
        make_agreement(session, table[0], table[2], state="in_force")
        duty = self.duty(session)
        asked = {"actor": table[2], "obligation_id": duty.id}
        with pytest.raises(Invalid, match="not due yet"):
            service.check_obligation(
                session, **asked, now=duty.due_at - timedelta(1), result="breached", note="x"
            )
        with pytest.raises(Invalid, match="what you saw"):
            service.check_obligation(session, **asked, now=duty.due_at, result="breached", note="")
        service.check_obligation(
            session, **asked, now=duty.due_at, result="breached", note="Not on the site at noon"
        )
        service.check_obligation(session, **asked, now=duty.due_at, result="kept", note="There since Monday")
        with pytest.raises(Closed, match="found kept"):
            service.check_obligation(session, **asked, now=duty.due_at, result="late", note="x")
        assert session.scalars(select(ObligationCheck.result).order_by(ObligationCheck.id)).all() == [
            "breached",
            "kept",
        ]
        stranger = actor(session, make_member(session))
        with pytest.raises(NotAllowed):
            service.check_obligation(
                session, **{**asked, "actor": stranger}, now=duty.due_at, result="kept", note="x"
            )

    def test_nothing_is_owed_before_it_is_in_force(self, session, table, now):
        make_agreement(session, table[0], table[2], state="ratified")
        with pytest.raises(Closed, match="not in force"):
            service.check_obligation(
                session, actor=table[2], now=now, obligation_id=self.duty(session).id, result="kept", note="x"
            )

    def test_a_monthly_duty_comes_back_at_the_end_of_months(self, session, table, now):
        make_agreement(session, table[0], table[2], state="in_force")
        at = datetime(2027, 6, 15, tzinfo=UTC)
        while due := service.roll_due(session, at):
            for name in due:
                assert service.roll(session, actor=SYSTEM, now=at, obligation_id=name)
                assert not service.roll(session, actor=SYSTEM, now=at, obligation_id=name)
        days = session.scalars(
            select(Obligation.due_on).where(Obligation.title.startswith("Report")).order_by(Obligation.turn)
        ).all()
        assert days[:4] == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]
        assert len(days) == 6

    def test_no_turn_after_the_end(self, session, table, now):
        make_agreement(session, table[0], table[2], state="in_force", ends_on=date(2027, 2, 10))
        duty = self.duty(session, "Report")
        assert service.roll_due(session, duty.due_at) == [duty.id]
        assert not service.roll(session, actor=SYSTEM, now=duty.due_at, obligation_id=duty.id)

    def test_reminders_before_duties_and_before_the_end(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="in_force")
        row, duty = agreement_of(session, slug), self.duty(session)
        kept = {
            ref: [about - due for about, due in session.execute(
                select(TableReminder.about_at, TableReminder.due_at)
                .where(TableReminder.ref == ref).order_by(TableReminder.due_at))]
            for ref in (f"agreement/{slug}", f"obligation/{duty.id}")
        }  # fmt: skip
        assert [d.days for d in kept[f"agreement/{slug}"]] == [90, 30, 7]
        assert [d.days for d in kept[f"obligation/{duty.id}"]] == [7, 1, 0]
        assert (
            service.send_reminders(session, actor=SYSTEM, now=duty.due_at - timedelta(7), public_url=SITE)
            == 1
        )
        service.terminate(session, actor=table[2], now=now, slug=slug, why="They broke it")
        assert service.send_reminders(session, actor=SYSTEM, now=row.ends_at, public_url=SITE) == 0


def test_what_is_overdue_is_shown_to_who_looks_after_it_until_somebody_says_how_it_went(session, table):
    slug, organizer, sitter = table
    made = make_agreement(session, slug, sitter, state="in_force")
    first = session.scalars(select(Obligation).order_by(Obligation.due_at)).first()
    member = actor(session, make_member(session))
    before, after = first.due_at - timedelta(seconds=1), first.due_at
    assert queries.overdue(session, organizer, before) == ()
    for one, shown in ((organizer, [(first.id, made)]), (sitter, [(first.id, made)]), (member, [])):
        assert [(o.id, o.agreement) for o in queries.overdue(session, one, after)] == shown
    service.check_obligation(
        session, actor=sitter, now=after, obligation_id=first.id, result="breached", note="Nothing there."
    )
    assert queries.overdue(session, organizer, after) == ()


class TestGrievances:
    @pytest.fixture
    def filed(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="in_force")
        who = actor(session, make_member(session, name="Gus Grief"))
        case = service.file_grievance(
            session, actor=who, now=now, slug=slug, clause=1, text="They paid 15 cents.", public_url=SITE
        )
        return slug, who, case

    def step(self, session, who, now, case, turn, note="Noted"):
        service.turn_grievance(
            session, actor=who, now=now, grievance_id=case, turn=turn, note=note, public_url=SITE
        )

    def test_sealed_at_rest_and_nameless_in_the_log(self, session, filed):
        _, who, case = filed
        assert b"15 cents" not in bytes(session.execute(text("SELECT text FROM grievance")).scalar_one())
        for entry in session.scalars(select(AuditEntry).where(AuditEntry.act.like("%grievance%"))):
            assert entry.actor_id is None
            assert who.member_id not in str(entry.facts)
        mail = session.scalars(select(Outbox).where(Outbox.ref == f"grievance:{case}")).one()
        assert "Gus" not in mail.sealed
        assert "cents" not in mail.sealed

    def test_only_the_member_and_who_sits_may_know(self, session, table, filed, now):
        _, who, case = filed
        stranger = actor(session, make_member(session))
        for other in (stranger, table[1]):  # not even an organizer who does not sit
            with pytest.raises(NotFound):
                cases.readable(session, case, other, now)
            with pytest.raises(NotFound):
                service.add_note(
                    session, actor=other, now=now, grievance_id=case, text="x", shared=True, public_url=SITE
                )
        assert cases.readable(session, case, who, now)[3] is False
        assert cases.readable(session, case, table[2], now)[3] is True

    def test_an_expired_mandate_reads_nothing(self, session, table, filed, now):
        short = make_sitter(session, table[0], table[1], until=now + timedelta(days=1))
        cases.readable(session, filed[2], short, now)
        with pytest.raises(NotFound):
            cases.readable(session, filed[2], short, now + timedelta(days=1))

    def test_nobody_judges_their_own_case(self, session, table, now):
        slug = make_agreement(session, table[0], table[2], state="in_force")
        own = service.file_grievance(
            session, actor=table[2], now=now, slug=slug, clause=2, text="Mine", public_url=SITE
        )
        with pytest.raises(NotAllowed, match="The team takes"):
            self.step(session, table[2], now, own, Step.TAKE_UP)

    def test_the_way_of_a_case(self, session, table, filed, now):
        _, who, case = filed
        sitter = table[2]
        with pytest.raises(Closed, match="Take the grievance up"):
            self.step(session, sitter, now, case, Step.SETTLE)
        self.step(session, sitter, now, case, Step.TAKE_UP)
        service.add_note(
            session, actor=sitter, now=now, grievance_id=case, text="Doubtful", shared=False, public_url=SITE
        )
        self.step(session, sitter, now, case, Step.RAISE)
        row = session.get(Grievance, case)
        assert row.due_at == datetime(2026, 12, 21, 23, tzinfo=UTC)
        with pytest.raises(Invalid, match="outcome"):
            self.step(session, sitter, now, case, Step.SETTLE, note="")
        self.step(session, sitter, now, case, Step.SETTLE, note="They paid the rest")
        assert (row.state, row.outcome) == ("settled", "They paid the rest")
        with pytest.raises(Closed, match="closed"):
            self.step(session, who, now, case, Step.WITHDRAW)
        assert (
            session.scalar(select(func.count()).select_from(Outbox).where(Outbox.member_id == who.member_id))
            == 3
        )  # taken up, raised, settled; nothing of the team's own note

    @pytest.mark.parametrize(
        ("facts", "error", "words"),
        [
            ({"clause": 9}, Invalid, "clause that is not kept"),
            ({"text": " "}, Invalid, "what happened"),
            ({"text": "x" * 8001}, Invalid, "At most"),
            ({"slug": "nothing"}, NotFound, "no such agreement"),
        ],
    )
    def test_what_cannot_be_filed(self, session, filed, now, facts, error, words):
        slug, who, _ = filed
        with pytest.raises(error, match=words):
            service.file_grievance(
                session,
                **{
                    "actor": who,
                    "now": now,
                    "slug": slug,
                    "clause": 1,
                    "text": "x",
                    "public_url": SITE,
                    **facts,
                },
            )

    def test_not_under_an_agreement_that_is_no_more(self, session, table, filed, now):
        service.terminate(session, actor=table[2], now=now, slug=filed[0], why="Over")
        with pytest.raises(Closed, match="not in force"):
            service.file_grievance(
                session, actor=filed[1], now=now, slug=filed[0], clause=1, text="x", public_url=SITE
            )

    def test_an_erased_member_and_an_old_case_lose_their_words(self, session, table, filed, now):
        _, who, case = filed
        self.step(session, table[2], now, case, Step.TAKE_UP)
        assert service.wipe(session, actor=SYSTEM, now=now) == 0
        session.get(Member, who.member_id).name = None
        assert service.wipe(session, actor=SYSTEM, now=now) == 1
        row = session.get(Grievance, case)
        assert (row.text, row.member_id, row.state) == (None, None, "withdrawn")
        assert session.scalars(select(GrievanceNote.text)).all() == [None]
