"""Paper, new words, lists and hand-overs: what organizers do with signatures, and what is written down."""

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.factories.campaigns import (
    actor,
    make_campaign,
    make_petition,
    organizer,
    row_of,
    signed,
    visitor,
    yes_token,
)
from union.audit import queries as audit
from union.audit.models import AuditEntry
from union.campaigns import queries, service
from union.campaigns.models import CampaignUpdate, Follower, HandOver, Signature, SignedText
from union.campaigns.service import PaperLine
from union.core.actor import SYSTEM
from union.core.errors import Invalid, NotAllowed
from union.notify.models import Outbox


@pytest.fixture
def slug(session):
    return make_petition(session, kind="letter")


def lines(*texts):
    return [PaperLine(n, one) for n, one in enumerate(texts, start=1)]


def enter(session, slug, *texts):
    return service.enter_paper(
        session, slug=slug, actor=SYSTEM, lines=lines(*texts), visitor=visitor(), now=NOW
    )


class TestPaper:
    def test_each_good_line_is_asked_and_each_bad_one_says_why(self, session, slug):
        asked, refused = enter(
            session,
            slug,
            "Noor Smit; noor@example.org; Utrecht; ja",
            "Omar Haddad\tomar@example.org",
            "no address here",
            "Chen; chen at example; ; no",
            "Noor again; NOOR@example.org",
            "Raj; raj@example.org; Ghent; perhaps",
        )
        assert asked == 2
        assert [one.line.number for one in refused] == [3, 4, 5, 6]
        assert len({one.why.text for one in refused}) == 4
        row = row_of(session, slug)
        assert (row.pledged_count, row.verified_count) == (2, 0)
        assert {(s.name, s.place, s.public, s.paper) for s in session.query(Signature)} == {
            ("Noor Smit", "Utrecht", True, True),
            ("Omar Haddad", "", False, True),
        }

    def test_ink_does_not_count_before_the_address_says_yes(self, session, slug):
        enter(session, slug, "Noor; noor@example.org")
        [sent] = session.query(Outbox).all()
        service.confirm_by_link(session, token=yes_token(session, sent.ref.partition(":")[2]), now=NOW)
        assert row_of(session, slug).verified_count == 1

    def test_where_people_pledge_paper_asks_whether_they_want_news(self, session):
        strike = make_campaign(session, title="A strike")
        assert enter(session, strike, "Noor; noor@example.org") == (1, [])
        assert session.query(Follower).one().confirmed is False

    def test_members_enter_none_and_nobody_enters_too_many(self, session, slug):
        with pytest.raises(NotAllowed):
            service.enter_paper(
                session, slug=slug, actor=actor(session), lines=lines("a;b"), visitor=visitor(), now=NOW
            )
        with pytest.raises(Invalid):
            enter(session, slug, *["x"] * 201)


class TestWords:
    def test_are_frozen_by_hash_when_signing_starts(self, session, slug):
        [frozen] = session.query(SignedText).all()
        assert frozen.digest == row_of(session, slug).pledge_hash
        card, [version] = queries.text_versions(session, slug)
        assert (version.version, version.confirmed, card.slug) == (1, 0, slug)

    def test_a_new_version_is_signed_afresh_and_the_old_keeps_its_signatures(self, session, slug):
        token = signed(session, slug, "noor@example.org")
        service.revise(
            session, slug=slug, actor=SYSTEM, text="We ask Rijder for our data, monthly.", reason="How often.",
            public_url="http://localhost", now=NOW,
        )  # fmt: skip
        row = row_of(session, slug)
        assert (row.text_version, row.pledged_count, row.verified_count) == (2, 0, 0)
        assert session.query(Outbox).filter_by(kind="text_changed").count() == 1
        _card, versions = queries.text_versions(session, slug)
        assert [(v.version, v.confirmed) for v in versions] == [(2, 0), (1, 1)]
        assert any(piece.kind == "added" for piece in versions[0].difference)
        assert not queries.own_signature(session, token).current
        for _twice in range(2):
            service.sign_again(session, token=token, now=NOW)
        row = row_of(session, slug)
        assert (row.pledged_count, row.verified_count) == (1, 1)
        service.withdraw_signature(session, token=token, now=NOW)
        assert row_of(session, slug).verified_count == 0

    def test_withdrawing_an_earlier_signature_leaves_the_new_count_alone(self, session, slug):
        token = signed(session, slug, "noor@example.org")
        service.revise(
            session, slug=slug, actor=SYSTEM, text="Other words.", reason="x", public_url="x", now=NOW
        )
        signed(session, slug, "omar@example.org")
        service.withdraw_signature(session, token=token, now=NOW)
        row = row_of(session, slug)
        assert (row.pledged_count, row.verified_count) == (1, 1)

    def test_nothing_changed_is_refused(self, session, slug):
        words = row_of(session, slug).pledge_text
        with pytest.raises(Invalid):
            service.revise(session, slug=slug, actor=SYSTEM, text=words, reason="x", public_url="x", now=NOW)


class TestHandOver:
    def hand(self, session, slug, at=NOW):
        return service.hand_over(
            session, slug=slug, actor=SYSTEM, at=at, to_whom="the board of Rijder", note="", now=NOW
        )

    def test_keeps_how_many_counted_and_which_words(self, session, slug):
        signed(session, slug, "noor@example.org")
        made = self.hand(session, slug)
        signed(session, slug, "omar@example.org")
        found = queries.hand_over(session, slug, made, SYSTEM)
        assert (found.confirmed, found.version) == (1, 1)
        line = session.query(CampaignUpdate).filter_by(kind="handed_over").one()
        assert line.facts == {"n": 1, "to": "the board of Rijder"}

    def test_can_be_taken_back_and_the_log_keeps_both(self, session, slug):
        made = self.hand(session, slug)
        service.undo_hand_over(session, slug=slug, hand_over_id=made, actor=SYSTEM, now=NOW)
        assert session.query(HandOver).count() == 0
        assert session.query(CampaignUpdate).filter_by(kind="handed_over").count() == 0
        acts = [entry.act for entry in session.query(AuditEntry).order_by(AuditEntry.height)]
        assert acts[-2:] == ["campaign.hand_over", "campaign.hand_over_undo"]

    @pytest.mark.parametrize("at", [NOW + timedelta(days=1), NOW - timedelta(days=1)])
    def test_a_day_ahead_or_before_signing_began_is_refused(self, session, slug, at):
        with pytest.raises(Invalid):
            self.hand(session, slug, at)


class TestList:
    def test_has_no_addresses_and_is_written_down_with_its_reason(self, session, slug):
        signed(session, slug, "noor@example.org", name="Noor", place="Utrecht")
        lead = organizer(session)
        [row] = queries.signature_rows(session, slug, lead)
        assert (row.name, row.place, row.public) == ("Noor", "Utrecht", False)
        assert not any("example.org" in str(value) for value in vars(row).values())
        service.note_export(session, slug=slug, actor=lead, reason="For the notary", rows=1, now=NOW)
        [entry] = audit.newest(session, act="campaign.signatures_export")
        assert (entry.facts["rows"], entry.facts["reason"]) == (1, "For the notary")
        with pytest.raises(Invalid):
            service.note_export(session, slug=slug, actor=lead, reason=" ", rows=1, now=NOW)

    def test_members_take_none(self, session, slug):
        with pytest.raises(NotAllowed):
            list(queries.signature_rows(session, slug, actor(session)))
