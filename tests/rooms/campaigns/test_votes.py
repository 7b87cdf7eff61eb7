"""From a tipped campaign to a mandate, through a real ballot."""

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.factories import ballots as voting
from tests.factories.campaigns import actor, make_campaign, organizer, row_of
from tests.factories.members import make_member
from union.ballots import queries as ballots
from union.ballots import service as ballot_service
from union.ballots.service import Call
from union.campaigns import jobs, queries, service
from union.core import db
from union.core.actor import SYSTEM, Role
from union.core.errors import Closed, Invalid, NotAllowed

VOTE = Call(
    title="Strike vote: no data without pay",
    intro="One vote each.",
    question="Do you give the union a mandate?",
    preset="simple-majority",
    group="Ed25519",
    opens_at=NOW + timedelta(hours=1),
    closes_at=NOW + timedelta(days=2),
    zone="Europe/Amsterdam",
    trustee_ids=(),
)


def launch(session, slug, who, **facts):
    from dataclasses import replace

    return service.launch_strike_vote(session, slug=slug, actor=who, now=NOW, vote=replace(VOTE, **facts))


def hold(session, answers, **facts):
    """Launch and hold the vote of a tipped campaign; return its slug, the hand, and when it was counted."""
    slug = make_campaign(session, stage="tipped")
    lead = organizer(session, name="Olga", chapter="utrecht")
    holder = make_member(session, roles=[Role.TRUSTEE], name="Tea")
    people = [actor(session).member_id for _ in answers]
    ballot = launch(session, slug, lead, trustee_ids=[holder], **facts)
    hand = voting.Hand(
        ballot, lead.member_id, [holder], people, opens_at=VOTE.opens_at, closes_at=VOTE.closes_at
    )
    voting.issue(session, voting.give_keys(session, hand, NOW), NOW)
    ballot_service.open_ballot(session, actor=lead, now=VOTE.opens_at, slug=ballot, untested=range(1, 9))
    with voting.at_database_time(VOTE.opens_at):
        for person, answer in zip(people, answers, strict=True):
            receipt = voting.vote(session, hand, person, [list(answer)], VOTE.opens_at)
            assert isinstance(receipt, ballot_service.Receipt), receipt
    voting.close(session, hand)
    voting.decrypt(session, hand, VOTE.closes_at + timedelta(hours=1))
    return slug, hand


YES, NO = (1, 0, 0), (0, 1, 0)


class TestLaunching:
    def test_drafts_a_ballot_about_the_campaign(self, session):
        slug = make_campaign(session, stage="tipped")
        holder = make_member(session, roles=[Role.TRUSTEE])
        ballot = launch(session, slug, organizer(session), trustee_ids=[holder])
        [card] = ballots.for_subject(session, f"campaign/{slug}")
        assert (card.slug, card.kind, card.state) == (ballot, "strike_vote", "draft")
        assert queries.card(session, slug).stage == "ballot"
        with pytest.raises(Closed, match="under way"):
            launch(session, slug, organizer(session), trustee_ids=[holder])

    @pytest.mark.parametrize(
        "stage", ["draft", "gathering", "fell_short", "mandated", "acting", "won", "closed"]
    )
    def test_not_at_another_stage(self, session, stage):
        slug = make_campaign(session, stage="draft" if stage == "draft" else "gathering")
        row_of(session, slug).stage = stage
        with pytest.raises(Closed):
            launch(session, slug, organizer(session))

    def test_not_by_members_and_not_without_a_holder_of_the_key(self, session):
        slug = make_campaign(session, stage="tipped")
        with pytest.raises(NotAllowed):
            launch(session, slug, actor(session))
        with pytest.raises(Invalid) as refused:
            launch(session, slug, organizer(session))
        assert refused.value.field == "trustees"


class TestTheOutcome:
    def test_a_passed_vote_gives_a_mandate_once(self, database, settings):
        with db.transaction() as session:
            slug, _hand = hold(session, [YES, YES, NO])
        done = VOTE.closes_at + timedelta(hours=2)
        assert jobs.take_outcomes(done, settings) == 1
        assert jobs.take_outcomes(done, settings) == 0
        with db.reading() as session:
            card = queries.card(session, slug)
            found = queries.mandate_in_force(session, card.id, done)
            kinds = [line.kind for line in queries.campaign_page(session, slug, SYSTEM, done).updates]
        assert card.stage == "mandated"
        assert ([n for _label, n in found.counts], found.cast, found.rule["id"]) == (
            [2, 1, 0],
            3,
            "simple-majority",
        )
        assert found.eligible == 4  # the organizer is on the roll too
        assert found.expires_at == found.granted_at.replace(year=2027, month=5) - timedelta(
            hours=1
        )  # summer time
        assert kinds == ["mandate", "vote_launched", "published"]

    def test_a_refused_vote_gives_none_and_another_can_be_held(self, session):
        slug, _hand = hold(session, [YES, NO, NO])
        assert service.grant_mandates(session, slug=slug, actor=SYSTEM, now=VOTE.closes_at) == "refused"
        card = queries.card(session, slug)
        assert card.stage == "tipped"
        assert queries.mandate_in_force(session, card.id, VOTE.closes_at + timedelta(days=1)) is None
        assert queries.mandates_of(session, card.id) == []
        launch(session, slug, organizer(session), server_trustee=True)

    def test_nothing_happens_while_the_vote_runs(self, session):
        slug = make_campaign(session, stage="tipped")
        launch(session, slug, organizer(session), server_trustee=True)
        assert service.grant_mandates(session, slug=slug, actor=SYSTEM, now=NOW) is None
        assert queries.card(session, slug).stage == "ballot"

    def test_a_cancelled_vote_puts_the_campaign_back(self, session):
        slug = make_campaign(session, stage="tipped")
        lead = organizer(session)
        ballot = launch(session, slug, lead, server_trustee=True)
        ballot_service.cancel(session, actor=lead, now=NOW, slug=ballot, public_url="http://x")
        assert service.grant_mandates(session, slug=slug, actor=SYSTEM, now=NOW) == "cancelled"
        assert queries.card(session, slug).stage == "tipped"

    def test_an_unused_mandate_expires(self, database, settings):
        with db.transaction() as session:
            slug, _hand = hold(session, [YES, YES])
        jobs.take_outcomes(VOTE.closes_at + timedelta(hours=2), settings)
        assert jobs.expire(NOW + timedelta(days=100), settings) == 0
        assert jobs.expire(NOW + timedelta(days=220), settings) == 1
        assert jobs.expire(NOW + timedelta(days=220), settings) == 0
        with db.reading() as session:
            assert queries.card(session, slug).stage == "tipped"


class TestHeldAgain:
    def test_the_outcome_of_a_vote_held_again_counts(self, database):
        """Refused, held again by an organizer, followed by the campaign within a tick, passed: a mandate."""
        with db.transaction() as session:
            slug, hand = hold(session, [NO, NO, YES])
        counted = VOTE.closes_at + timedelta(hours=2)
        assert jobs.take_outcomes(counted, None) == 1
        with db.transaction() as session:
            assert queries.card(session, slug).stage == "tipped"
            lead = voting.actor(session, hand.organizer)
            again = ballot_service.hold_again(session, actor=lead, now=counted, slug=hand.slug)
        assert jobs.take_outcomes(counted, None) == 1
        assert jobs.take_outcomes(counted, None) == 0
        with db.transaction() as session:
            card = queries.card(session, slug)
            assert (card.stage, card.ballot_slug) == ("ballot", again)
            row = voting.ballot_called(session, again)
            second = voting.Hand(
                again,
                hand.organizer,
                hand.trustees,
                hand.voters,
                opens_at=row.opens_at,
                closes_at=row.closes_at,
            )
            voting.issue(session, voting.give_keys(session, second, counted), counted)
            ballot_service.open_ballot(
                session, actor=lead, now=row.opens_at, slug=again, untested=range(1, 9)
            )
            with voting.at_database_time(row.opens_at):
                for person in second.voters:
                    voting.vote(session, second, person, [list(YES)], row.opens_at)
            voting.close(session, second)
            voting.decrypt(session, second, row.closes_at)
            done = row.closes_at
        assert jobs.take_outcomes(done, None) == 1
        with db.transaction() as session:
            assert queries.card(session, slug).stage == "mandated"
            assert queries.mandate_in_force(session, row_of(session, slug).id, done).ballot_slug == again
