"""A table is kept for as long as its model says, and not a moment longer: the words beside the real jobs."""

from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.conftest import fresh_postgres, fresh_sqlite
from tests.factories import ballots
from tests.factories import organizing as people
from tests.factories.members import make_chapter, make_member
from tests.house.filling import past_the_models, put
from tests.house.terms import ACTS, ALSO, FOR_GOOD, TERMS, length
from union import scheduler
from union.core import db
from union.core.actor import Actor, Role
from union.core.holding import stored
from union.members import queries as members_of
from union.members import service as members
from union.members.models import Vouch
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Mailing
from union.notify.service import devices, trial
from union.notify.service.outbox import UNLINKED
from union.organizing import service as organizing

MOMENT = timedelta(seconds=1)


def untested(tables, *registries):
    """Tables whose `until` nobody compares with what happens, and registered words that are on no model."""
    said = {one.name: one.kept.until for one in tables if one.kept}
    shown = [(name, told.until) for registry in registries for name, told in registry.items()]
    return sorted({*said.items()} ^ {*shown}) + sorted(
        {n for n, _ in shown if [m for m, _ in shown].count(n) > 1}
    )


class TestTheWords:
    def test_each_until_is_compared_with_what_happens(self):
        assert untested(stored(), TERMS, ACTS, FOR_GOOD) == []
        assert all(told.why for told in FOR_GOOD.values())

    def test_planted_other_words_and_a_planted_table_are_noticed(self):
        talks = [one for one in stored() if one.name == "talk"]
        assert untested(talks, {"talk": TERMS["talk"]}) == []
        assert untested(talks) == [("talk", "half a year")]
        assert untested(talks, {"talk": TERMS["task"]}) != []

    def test_each_act_has_its_test(self):
        assert set(ACTS) == {
            name.removeprefix("test_") for name in vars(TestActs) if name.startswith("test_")
        }

    @pytest.mark.parametrize("name", TERMS)
    def test_a_term_that_names_a_time_lasts_it(self, name):
        term = TERMS[name]
        assert term.lasts is not None or bool(term.event) or length(term.until) or name == "local_role"


class Clock:
    """The scheduler at a moment one chooses."""

    def __init__(self, settings):
        self.settings, self.jobs = settings, {name: job for name, _, job in scheduler.jobs()}

    def run(self, now, *names):
        for name in names:
            self.jobs[name](now, self.settings)


@pytest.fixture
def clock(settings, database):
    return Clock(settings)


@pytest.fixture(scope="module")
def postgres(postgres_template):
    """One database for all the terms: emptying it costs less than a copy of the template each."""
    with fresh_postgres(postgres_template) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        with fresh_sqlite(request.getfixturevalue("sqlite_template"), tmp_path) as fresh:
            db.install(fresh)
            yield fresh
        return
    opened = request.getfixturevalue("postgres")
    db.install(opened)
    yield opened
    with closing(past_the_models(opened.engine)) as raw:
        for table in db.Base.metadata.tables:
            raw.cursor().execute(f'DELETE FROM "{table}"')
        raw.commit()
        raw.cursor().execute("RESET session_replication_role")
        raw.commit()


@pytest.fixture
def file(database, tmp_path):
    return tmp_path / "union.db" if database.engine.dialect.name == "sqlite" else database.engine


def left(file, table, columns):
    """What of the planted row is still told: its columns' values, or that it is there."""
    told = ", ".join(f'"{name}"' for name in columns) or "1"
    where = " WHERE id = 'm1'" if table == "member" else ""
    with closing(past_the_models(file)) as raw:
        rows = raw.cursor().execute(f'SELECT {told} FROM "{table}"{where}').fetchall()
    assert len(rows) <= 1, table
    return [
        value for row in rows for value in row if value is not None and not str(value).startswith(UNLINKED)
    ]


@pytest.mark.parametrize(("name", "term"), [*TERMS.items(), *ALSO])
def test_it_is_there_until_the_moment_and_gone_after(name, term, clock, file, now):
    with db.transaction() as session:
        member = make_member(session, email="anna@example.org")
    begins = now.replace(hour=0)
    for table, facts in term.rows(begins):
        put(file, table, member, **facts)
    whole = left(file, name, term.columns)
    assert len(whole) == (len(term.columns) or 1)
    clock.run(begins + term.length - MOMENT, *term.jobs)
    assert left(file, name, term.columns) == whole, "forgotten too early"
    with db.transaction() as session:
        for table, facts in term.event:
            session.execute(sa.update(db.Base.metadata.tables[table]).values(**happened(facts, begins)))
    clock.run(begins + term.length + MOMENT, *term.jobs)
    assert left(file, name, term.columns) == [], "kept for longer than the model says"


def happened(facts, at):
    return {name: at if name.endswith("_at") else told for name, told in facts.items()}


def count(session, name):
    return session.scalar(sa.select(sa.func.count()).select_from(db.Base.metadata.tables[name]))


def gone_after(session, name, act):
    """Do `act`; tell whether the rows that were there before it are gone."""
    assert count(session, name) > 0, name
    act()
    session.flush()
    return count(session, name) == 0


class TestActs:
    """What goes when somebody says so: there before, gone after."""

    @pytest.fixture
    def anna(self, database):
        with db.transaction() as session:
            make_chapter(session)
            member = make_member(session, email="anna@example.org", platforms=["rijder"])
            return members_of.actor_of(session, member)

    @pytest.fixture
    def session(self, anna):
        with db.transaction() as session:
            yield session

    @pytest.fixture
    def ready(self, database, now):
        """A ballot that may open, with codes handed out and a weight on file."""
        with db.transaction() as session:
            hand = ballots.give_keys(session, ballots.make_ballot_draft(session, now), now)
            return ballots.issue(session, hand, now)

    def weigh(self, file, hand):
        with db.reading() as session:
            put(file, "ballot_weight", hand.voters[0], ballot_id=ballots.row(session, hand).id)

    def open(self, hand, now):
        with db.transaction() as session:
            ballots.open_now(session, hand, now)

    def call_off(self, hand, now):
        with db.transaction() as session:
            ballots.call_off(session, hand, now)

    def rows(self, name):
        with db.reading() as session:
            return count(session, name)

    @pytest.mark.parametrize("how", ["open", "call_off"])
    def test_ballot_weight(self, ready, file, now, how):
        self.weigh(file, ready)
        assert self.rows("ballot_weight") == 1
        getattr(self, how)(ready, now)
        assert self.rows("ballot_weight") == 0

    @pytest.mark.parametrize("how", ["open", "call_off"])
    def test_credential_tag(self, ready, now, how):
        assert self.rows("credential_tag") == len(ready.voters)
        getattr(self, how)(ready, now)
        assert self.rows("credential_tag") == 0

    def test_waiting_receipt(self, ready, clock, now):
        self.open(ready, now)
        with db.transaction() as session:
            ballots.vote(session, ready, ready.voters[0], [[1, 0, 0]], now)
        clock.run(ready.closes_at - MOMENT, "ballots.receipts")
        assert self.rows("waiting_receipt") == 1
        clock.run(ready.closes_at + MOMENT, "ballots.close", "ballots.receipts")
        assert self.rows("waiting_receipt") == 0

    def test_affiliation(self, session, anna, now):
        assert gone_after(
            session, "affiliation", lambda: members.set_platforms(session, actor=anna, platforms={}, now=now)
        )

    def test_member_role(self, session, anna, now):
        officer = people.officer(session)
        members.grant_role(session, actor=officer, member_id=anna.member_id, role=Role.TRUSTEE, now=now)
        was = count(session, "member_role")
        members.revoke_role(session, actor=officer, member_id=anna.member_id, role=Role.TRUSTEE, now=now)
        assert count(session, "member_role") == was - 1

    @pytest.mark.parametrize("who", [0, 1])
    def test_vouch(self, session, anna, now, who):
        other = make_member(session, email="ben@example.org")
        session.add(Vouch(member_id=anna.member_id, voucher_id=other, at=now))
        session.flush()
        leaving = Actor(member_id=(anna.member_id, other)[who], active=True)
        assert gone_after(session, "vouch", lambda: members.erase(session, actor=leaving, now=now))

    def test_bad_address(self, anna, file):
        hashed = notify.address_hash(Channel.EMAIL, "anna@example.org")
        put(file, "bad_address", anna.member_id, address_hash=hashed, channel="email")
        with db.transaction() as session:
            assert gone_after(
                session, "bad_address",
                lambda: notify.works_again(session, channel=Channel.EMAIL, to="anna@example.org"),
            )  # fmt: skip

    def test_opt_out(self, session, anna, now):
        notify.opt_out(
            session, now=now, channel=Channel.EMAIL, to="anna@example.org", lists=list(Mailing), reason="link"
        )
        assert gone_after(
            session, "opt_out",
            lambda: notify.opt_in(session, now=now, channel=Channel.EMAIL, to="anna@example.org"),
        )  # fmt: skip

    def test_push_device(self, anna, file):
        put(file, "push_device", anna.member_id, id="d1")
        with db.transaction() as session:
            assert gone_after(
                session, "push_device",
                lambda: devices.unsubscribe_device(session, actor=anna, device_id="d1"),
            )  # fmt: skip

    def test_shown_as(self, session, anna, now):
        devices.set_named(session, actor=anna, now=now, named=True)
        assert gone_after(
            session, "shown_as", lambda: devices.set_named(session, actor=anna, now=now, named=False)
        )

    def test_trial_recipient(self, session, anna, now):
        notify.begin_trial(session, now=now)
        first, second = people.officer(session), people.officer(session)
        notify.trust(session, now=now, member_id=first.member_id)
        trial.add_number(session, actor=first, now=now, number="+31612345678")
        assert not trial.lift_trial(session, actor=first, now=now, sure=True)
        assert gone_after(
            session, "trial_recipient", lambda: trial.lift_trial(session, actor=second, now=now, sure=True)
        )
        notify.trust(session, now=now, member_id=anna.member_id)
        assert count(session, "trial_recipient") == 0

    def test_no_contact(self, session, anna, now):
        organizing.refuse_contact(session, actor=anna, member_id=anna.member_id, now=now)
        assert gone_after(
            session, "no_contact", lambda: organizing.allow_contact(session, actor=anna, now=now)
        )

    def test_saved_filter(self, anna, file, now):
        with db.transaction() as session:
            local = people.chapter_organizer(session)
        put(file, "saved_filter", local.member_id, id="f1")
        with db.transaction() as session:
            assert gone_after(
                session, "saved_filter",
                lambda: organizing.forget_filter(session, actor=local, filter_id="f1"),
            )  # fmt: skip

    def test_tagging(self, session, anna, now):
        local = people.chapter_organizer(session)
        told = {"actor": local, "slug": people.make_tag(session), "member_ids": [anna.member_id], "now": now}
        organizing.put_tag(session, **told)
        assert gone_after(session, "tagging", lambda: organizing.take_tag(session, **told))

    @pytest.mark.parametrize("invited", [None, 1, 59])
    def test_prospect(self, session, clock, now, invited):
        """Invited on the last day, early or never: sixty days after being added nobody is later than that."""
        local = people.chapter_organizer(session)
        organizing.import_list(
            session, actor=local, text="name,email\nBob,bob@example.org\n", source="stand", chapter="amsterdam",
            now=now,
        )  # fmt: skip
        if invited:
            at = now + timedelta(days=invited)
            assert organizing.invite(
                session, actor=local, chapter="amsterdam", now=at, site="https://u"
            ).written
        lasts = timedelta(days=31 if invited == 1 else 60)
        assert lasts <= length(ACTS["prospect"].until)
        session.commit()
        clock.run(now + lasts - MOMENT, "organizing.forget")
        assert count(session, "prospect") == 1
        session.rollback()
        clock.run(now + lasts + MOMENT, "organizing.forget")
        assert count(session, "prospect") == 0
