"""Pledging and settling on a real database."""

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text

from tests.conftest import NOW
from tests.factories.campaigns import actor, make_campaign, pledge_all, row_of
from tests.factories.members import make_member
from union.campaigns import jobs, queries, service
from union.campaigns.models import Pledge
from union.campaigns.service import announcing, settling
from union.core import db
from union.core.actor import SYSTEM, VISITOR
from union.core.errors import Closed, Invalid, NotAllowed, NotFound
from union.members import queries as members
from union.notify.models import Outbox, Wording

AFTER = NOW + timedelta(days=7)
URL = "http://localhost"


def settle(session, slug, now=AFTER):
    return service.settle(session, slug=slug, actor=SYSTEM, now=now, public_url=URL)


class TestPledging:
    def test_counts_once_and_a_second_replaces_the_first(self, session):
        slug = make_campaign(session)
        rider = actor(session)
        assert service.pledge(session, slug=slug, actor=rider, at_least=50, now=NOW).new
        again = service.pledge(session, slug=slug, actor=rider, at_least="1/3", now=NOW)
        assert (again.new, again.pledged) == (False, 1)
        page = queries.campaign_page(session, slug, rider, NOW)
        assert page.mine.at_least == "1/3"
        assert (page.card.pledged, page.card.verified) == (1, 1)

    def test_withdrawing_takes_it_all_back(self, session):
        slug = make_campaign(session)
        rider = actor(session)
        service.pledge(session, slug=slug, actor=rider, at_least=5, now=NOW)
        service.withdraw(session, slug=slug, actor=rider, now=NOW)
        assert session.scalars(select(Pledge)).all() == []
        assert row_of(session, slug).pledged_count == row_of(session, slug).verified_count == 0
        with pytest.raises(NotFound):
            service.withdraw(session, slug=slug, actor=rider, now=NOW)

    def test_an_applicant_counts_apart_and_is_not_called(self, session):
        slug = make_campaign(session, threshold=1)
        applicant = actor(session, state="applicant")
        service.pledge(session, slug=slug, actor=applicant, at_least=1, now=NOW)
        card = queries.card(session, slug)
        assert (card.pledged, card.verified) == (1, 0)
        assert settle(session, slug).called == 0
        assert queries.called(session, card.id) == []

    def test_an_applicant_admitted_before_the_deadline_counts(self, session):
        slug = make_campaign(session, threshold=1)
        applicant = actor(session, state="applicant")
        service.pledge(session, slug=slug, actor=applicant, at_least=1, now=NOW)
        session.execute(
            text("UPDATE member SET state = 'active' WHERE id = :id"), {"id": applicant.member_id}
        )
        assert settle(session, slug).called == 1

    def test_a_member_without_the_platform_is_not_verified(self, session):
        slug = make_campaign(session)
        passer_by = actor(session, platforms=())
        service.pledge(session, slug=slug, actor=passer_by, at_least=1, now=NOW)
        service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        assert row_of(session, slug).verified_count == 0

    def test_what_is_refused(self, session):
        slug = make_campaign(session)
        rider = actor(session)
        for bad in (0, "601", "3/2", "x"):
            with pytest.raises(Invalid) as refused:
                service.pledge(session, slug=slug, actor=rider, at_least=bad, now=NOW)
            assert refused.value.field == "number"
        with pytest.raises(NotAllowed):
            service.pledge(session, slug=slug, actor=VISITOR, at_least=1, now=NOW)
        with pytest.raises(NotFound):
            service.pledge(session, slug="nowhere", actor=rider, at_least=1, now=NOW)
        with pytest.raises(NotFound):
            service.pledge(
                session, slug=make_campaign(session, stage="draft"), actor=rider, at_least=1, now=NOW
            )
        assert row_of(session, slug).pledged_count == 0

    def test_the_deadline_itself_is_too_late(self, session):
        slug = make_campaign(session)
        rider = actor(session)
        service.pledge(session, slug=slug, actor=rider, at_least=1, now=AFTER - timedelta(microseconds=1))
        for verb in (
            lambda: service.pledge(session, slug=slug, actor=rider, at_least=2, now=AFTER),
            lambda: service.withdraw(session, slug=slug, actor=rider, now=AFTER),
        ):
            with pytest.raises(Closed):
                verb()

    def test_a_minimum_is_sealed_at_rest(self, session):
        slug = make_campaign(session)
        pledge_all(session, slug, ["479", "1/3"])
        stored = [bytes(row[0]) for row in session.execute(text("SELECT at_least FROM pledge"))]
        assert len(stored) == 2
        assert not any(b"479" in sealed or b"1/3" in sealed for sealed in stored)


class TestSettling:
    def test_calls_the_largest_group_and_wipes_every_minimum(self, session):
        slug = make_campaign(session)
        ids = pledge_all(session, slug, [1, 2, 3, 4, 6, 600])
        outcome = settle(session, slug)
        card = queries.card(session, slug)
        assert (outcome.pledged, outcome.verified, outcome.called) == (6, 6, 4)
        assert queries.called(session, card.id) == sorted(ids[:4])
        assert card.stage == "tipped"
        assert session.scalars(select(Pledge.at_least)).all() == [None] * 6

    def test_a_share_is_of_the_frozen_unit(self, session):
        slug = make_campaign(session, unit=9, goal=9)
        ids = pledge_all(session, slug, ["1/3", "1/3", "1/3", "4/9"])
        assert settle(session, slug).called == 4
        assert queries.called(session, queries.card(session, slug).id) == sorted(ids)

    def test_below_the_threshold_nobody_is_called(self, session):
        slug = make_campaign(session, threshold=5)
        pledge_all(session, slug, [1, 1, 1, 1])
        assert settle(session, slug).called == 0
        card = queries.card(session, slug)
        assert card.stage == "fell_short"
        assert queries.called(session, card.id) == []
        assert session.scalars(select(Pledge.at_least)).all() == [None] * 4

    def test_not_before_the_deadline_and_only_once(self, session):
        slug = make_campaign(session)
        pledge_all(session, slug, [1, 1, 1])
        assert settle(session, slug, AFTER - timedelta(microseconds=1)) is None
        assert settle(session, slug) is not None
        assert settle(session, slug, AFTER + timedelta(days=1)) is None

    def test_everybody_is_told_in_neutral_words(self, session):
        slug = make_campaign(session)
        pledge_all(session, slug, [1, 1, 1], language="nl")
        pledge_all(session, slug, [600], email=False, sms=True)
        pledge_all(session, slug, [600], email=False, phone=True)  # never asked for texts
        settle(session, slug)
        rows = session.scalars(select(Outbox)).all()
        assert sorted((row.kind, row.channel) for row in rows) == [("called", "email")] * 3 + [
            ("released", "sms")
        ]
        card = queries.card(session, slug)
        words = {row.id: f"{row.subject} {row.body}" for row in session.scalars(select(Wording))}
        for row in rows:
            said = f"{words[row.wording_id]} {row.sealed} {row.ref}"
            assert card.id in said
            for word in ("Rijder", "rijder", "strike", "staking", "No data", slug, "600"):
                assert word not in said

    def test_the_deadline_passes_with_nobody_pledged(self, session):
        slug = make_campaign(session)
        assert settle(session, slug).called == 0
        assert queries.card(session, slug).stage == "fell_short"

    def test_who_was_suspended_meanwhile_is_not_called_and_not_counted_on(self, session):
        slug = make_campaign(session)
        ids = pledge_all(session, slug, [3, 3, 3])
        session.execute(text("UPDATE member SET state = 'suspended' WHERE id = :id"), {"id": ids[0]})
        assert settle(session, slug).called == 0

    @pytest.mark.parametrize(("state", "kept"), [("left", 2), ("suspended", 3)])
    def test_who_left_takes_the_pledge_along(self, session, state, kept):
        slug = make_campaign(session)
        ids = pledge_all(session, slug, [1, 1, 1])
        session.execute(
            text("UPDATE member SET state = :state WHERE id = :id"), {"state": state, "id": ids[0]}
        )
        session.expire_all()
        service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        assert (row_of(session, slug).pledged_count, row_of(session, slug).verified_count) == (kept, 2)
        assert len(session.scalars(select(Pledge)).all()) == kept

    def test_a_new_round_starts_empty(self, session):
        slug = make_campaign(session, threshold=5)
        pledge_all(session, slug, [1])
        settle(session, slug)
        service.gather_again(session, slug=slug, actor=SYSTEM, deadline=AFTER + timedelta(days=7), now=AFTER)
        card = queries.card(session, slug)
        assert (card.stage, card.pledged, card.called) == ("gathering", 0, None)
        assert session.scalars(select(Pledge)).all() == []
        pledge_all(session, slug, [1] * 5, now=AFTER)
        assert settle(session, slug, AFTER + timedelta(days=8)).called == 5

    def test_closing_a_gathering_campaign_wipes_minimums_too(self, session):
        slug = make_campaign(session)
        pledge_all(session, slug, [5])
        service.close(session, slug=slug, actor=SYSTEM, text="The company folded.", now=NOW)
        assert session.scalars(select(Pledge)).all() == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(minimums=st.lists(st.integers(1, 12), min_size=1, max_size=12), threshold=st.integers(1, 8))
def test_nobody_is_called_unless_at_least_their_own_minimum_are(session, minimums, threshold):
    slug = make_campaign(session, threshold=threshold)
    ids = pledge_all(session, slug, minimums)
    settle(session, slug)
    called = set(queries.called(session, queries.card(session, slug).id))
    assert not called or len(called) >= threshold
    for member, minimum in zip(ids, minimums, strict=True):
        if member in called:
            assert minimum <= len(called)
        elif called:
            assert minimum > len(called)


class TestTheBand:
    def test_is_not_shown_below_ten_and_not_moved_by_a_single_pledge(self, session):
        slug = make_campaign(session, threshold=30)
        pledge_all(session, slug, [1] * 9)
        assert not service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        assert queries.card(session, slug).band_more is None
        pledge_all(session, slug, [1])
        assert service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        assert queries.card(session, slug).band_more == 20
        pledge_all(session, slug, [1] * 9)
        assert not service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        assert queries.card(session, slug).band_more == 20
        pledge_all(session, slug, [1])
        assert service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        assert queries.card(session, slug).band_more == 10

    def test_nobody_moves_it_alone_however_often_they_change(self, session):
        """One member who tries minimum after minimum, or comes and goes, reads nothing from the band."""
        slug = make_campaign(session, threshold=30)
        prober = members.actor_of(session, pledge_all(session, slug, [1] * 10)[0])
        service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        for least in [30, 1] * 10:
            service.pledge(session, slug=slug, actor=prober, at_least=least, now=NOW)
            assert not service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        for _ in range(20):
            service.withdraw(session, slug=slug, actor=prober, now=NOW)
            assert not service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
            service.pledge(session, slug=slug, actor=prober, at_least=30, now=NOW)
            assert not service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)

    def test_counts_are_brought_in_line(self, session):
        slug = make_campaign(session)
        pledge_all(session, slug, [1, 1])
        row = row_of(session, slug)
        row.pledged_count, row.verified_count = 7, 0
        session.flush()
        service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)
        card = queries.card(session, slug)
        assert (card.pledged, card.verified) == (2, 2)


def committed(database, minimums, **facts):
    with db.transaction() as session:
        slug = make_campaign(session, **facts)
        ids = pledge_all(session, slug, minimums)
    return slug, ids


def together(*work):
    """Run at once; return results, an exception standing for itself."""
    barrier, results = threading.Barrier(len(work)), [None] * len(work)

    def run(place, do):
        barrier.wait()
        try:
            results[place] = do()
        except Exception as problem:
            results[place] = problem

    threads = [threading.Thread(target=run, args=(n, do)) for n, do in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TestAtOnce:
    def test_two_schedulers_settle_once(self, database, settings):
        slug, _ids = committed(database, [1, 2, 3])
        done = together(*[lambda: jobs.settle_due(AFTER, settings)] * 4)
        assert sorted(done) == [0, 0, 0, 1]
        with db.reading() as session:
            assert queries.card(session, slug).called == 3
            assert len(session.scalars(select(Outbox)).all()) == 3

    def test_a_pledge_at_the_settling_second_is_in_or_refused(self, database, settings):
        slug, _ids = committed(database, [1, 2, 3])
        with db.transaction() as session:
            late = actor(session)

        def pledge():
            with db.transaction() as session:
                return service.pledge(
                    session, slug=slug, actor=late, at_least=1, now=AFTER - timedelta(seconds=1)
                )

        settled, pledged = together(lambda: jobs.settle_due(AFTER, settings), pledge)
        assert settled == 1
        with db.reading() as session:
            card = queries.card(session, slug)
            called = queries.called(session, card.id)
        if isinstance(pledged, Closed):
            assert (card.pledged, card.called) == (3, 3)
            assert late.member_id not in called
        else:
            assert (card.pledged, card.called) == (4, 4)
            assert late.member_id in called

    def test_many_pledge_at_once_and_the_count_is_exact(self, database):
        slug, _ids = committed(database, [])
        with db.transaction() as session:
            riders = [actor(session) for _ in range(6)]

        def pledge(rider):
            def do():
                with db.transaction() as session:
                    service.pledge(session, slug=slug, actor=rider, at_least=1, now=NOW)

            return do

        assert together(*[pledge(rider) for rider in riders]) == [None] * 6
        with db.reading() as session:
            assert queries.card(session, slug).pledged == 6


def raw(database, tmp_path):
    """Every byte the embedded database keeps, its log included."""
    return b"".join(path.read_bytes() for path in tmp_path.glob("union.db*"))


class TestNothingIsLeft:
    def test_no_sealed_minimum_is_left_in_the_files_of_the_database(self, database, settings, tmp_path):
        committed(database, [1, 2, 3, 599])
        with db.reading() as session:
            sealed = [bytes(row[0]) for row in session.execute(text("SELECT at_least FROM pledge"))]
        if database.engine.dialect.name == "sqlite":
            assert all(one in raw(database, tmp_path) for one in sealed)
        assert jobs.settle_due(AFTER, settings) == 1
        with db.reading() as session:
            assert (
                session.execute(text("SELECT count(*) FROM pledge WHERE at_least IS NOT NULL")).scalar() == 0
            )
        if database.engine.dialect.name == "sqlite":
            assert not any(one in raw(database, tmp_path) for one in sealed)

    def test_a_large_round_settles_in_parts_and_goes_on_after_a_crash(self, database, settings, monkeypatch):
        """Who is called comes out as in one go; nobody is told before all of it stands."""
        monkeypatch.setattr(settling, "AT_ONCE", 2)
        slug, ids = committed(database, [1, 2, 3, 7, 3, 599, 2])
        with db.transaction() as session:
            done = settle(session, slug)
        assert done.called == 5
        with db.transaction() as session:
            part = settling.outcome_part(session, slug=slug, actor=SYSTEM)
            assert settling.write_part(session, slug=slug, actor=SYSTEM, part=part)
            assert not announcing.unannounced(session)
        # the process died here; another one writes the same part again, then the rest
        with db.transaction() as session:
            assert settling.write_part(session, slug=slug, actor=SYSTEM, part=part)
        assert jobs.settle_due(AFTER, settings) == len(ids)
        with db.reading() as session:
            rows = {row.member_id: (row.at_least, row.called) for row in session.scalars(select(Pledge))}
            assert [rows[one] for one in ids] == [
                (None, least not in {7, 599}) for least in (1, 2, 3, 7, 3, 599, 2)
            ]
            assert settling.unwritten(session) == announcing.unannounced(session) == []

    def test_nothing_written_down_names_a_minimum(self, session):
        slug = make_campaign(session, unit=600, threshold=1)
        pledge_all(session, slug, [1, 577, "577/600"])
        settle(session, slug)
        tables = ("campaign", "campaign_update", "audit_entry", "pledge")
        for table in tables:
            for row in session.execute(text(f"SELECT * FROM {table}")).mappings():
                assert "577" not in str(dict(row))

    def test_scrubbing_again_does_no_harm(self, database, settings):
        slug, _ids = committed(database, [1, 1, 1])
        jobs.settle_due(AFTER, settings)
        assert jobs.scrub_settled(AFTER + timedelta(hours=1), settings) == 0
        with db.reading() as session:
            assert queries.card(session, slug).called == 3


def test_a_member_sees_only_their_own(session):
    slug = make_campaign(session)
    pledge_all(session, slug, [577])
    other = actor(session)
    page = queries.campaign_page(session, slug, other, NOW)
    assert page.mine is None
    assert "577" not in repr(page)


def test_waiting_for_lists_what_still_gathers(session):
    slug = make_campaign(session)
    rider = actor(session)
    assert [card.slug for card in queries.waiting_for(session, rider.member_id, NOW)] == [slug]
    service.pledge(session, slug=slug, actor=rider, at_least=1, now=NOW)
    assert queries.waiting_for(session, rider.member_id, NOW) == []
    assert queries.waiting_for(session, make_member(session), AFTER) == []


class TestLargeRounds:
    def test_no_question_reads_the_unit_again_for_every_pledge(self, session):
        """`NOT IN (SELECT …)` took PostgreSQL hours over a million pledges: it has to be an anti-join."""
        slug = make_campaign(session)
        pledge_all(session, slug, [1] * 3)
        asked = []

        def keep(_connection, _cursor, statement, *_rest):
            asked.append(statement)

        listening = session.get_bind(), "before_cursor_execute", keep
        event.listen(*listening)
        try:
            settling.weigh(session, slug=slug, actor=SYSTEM, now=AFTER)
        finally:
            event.remove(*listening)
        assert any("NOT (EXISTS" in one for one in asked)
        assert not any("NOT IN" in one for one in asked)

    """Weighed outside the lock, written in one go, told in batches: the same as all at once."""

    MINIMUMS = (1, 2, 2, 3, 9, 9, "1/2")

    def weighed(self, session, slug):
        return service.weigh(session, slug=slug, actor=SYSTEM, now=AFTER)

    def settle(self, session, slug, weighed=None):
        return service.settle(
            session, slug=slug, actor=SYSTEM, now=AFTER, public_url="http://localhost", weighed=weighed
        )

    def test_weighing_changes_nothing_and_settling_takes_what_it_found(self, session):
        slug = make_campaign(session)
        ids = pledge_all(session, slug, self.MINIMUMS)
        found = self.weighed(session, slug)
        assert row_of(session, slug).stage == "gathering"
        assert (found.size, set(found.called)) == (4, set(ids[:4]))
        assert self.settle(session, slug, found).called == 4
        assert queries.called(session, row_of(session, slug).id) == sorted(ids[:4])
        assert session.query(Pledge).filter(Pledge.at_least.is_not(None)).count() == 0

    def test_a_pledge_that_moved_since_is_weighed_again(self, session):
        slug = make_campaign(session)
        ids = pledge_all(session, slug, (1, 2, 3))
        found = self.weighed(session, slug)
        service.withdraw(session, slug=slug, actor=members.actor_of(session, ids[0]), now=NOW)
        assert self.settle(session, slug, found).called == 0

    @pytest.mark.parametrize("minimums", [(1,) * 9 + (50,), (1,) * 3 + (50,) * 7, (50,) * 5])
    def test_every_pledge_is_said_to_be_called_or_not(self, session, minimums):
        slug = make_campaign(session)
        ids = pledge_all(session, slug, minimums)
        guest = actor(session, state="applicant")
        service.pledge(session, slug=slug, actor=guest, at_least=1, now=NOW)
        size = self.settle(session, slug).called
        outcome = dict(session.query(Pledge.member_id, Pledge.called).all())
        expected = {one: minimum <= size for one, minimum in zip(ids, minimums, strict=True)}
        assert outcome == {**expected, guest.member_id: False}

    def test_telling_goes_on_where_it_stood_and_tells_nobody_twice(self, session, monkeypatch):
        monkeypatch.setattr(announcing, "_BATCH", 2)
        slug = make_campaign(session)
        ids = pledge_all(session, slug, (1, 2, 3, 3, 50))
        self.settle(session, slug)
        assert session.query(Outbox).count() == 2
        assert announcing.unannounced(session) == [slug]
        facts = {"slug": slug, "actor": SYSTEM, "public_url": "http://localhost", "now": AFTER}
        told = [service.announce(session, **facts) for _ in range(4)]
        assert told == [2, 1, 0, 0]
        assert announcing.unannounced(session) == []
        assert {row.member_id for row in session.query(Outbox)} == set(ids)
        assert session.query(Outbox).filter_by(kind="called").count() == 4
