"""News: posted, mailed to those who asked, edited with every version kept, taken back in time."""

import json
from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.factories.campaigns import make_petition, signed
from union.campaigns import queries, service
from union.campaigns.models import CampaignUpdate
from union.core.actor import SYSTEM
from union.core.errors import Invalid, NotFound
from union.notify import texts
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel, State


@pytest.fixture
def slug(session):
    made = make_petition(session)
    signed(session, made, "omar@example.org", news=True)
    signed(session, made, "noor@example.org")
    return made


def post(session, slug, **facts):
    return service.add_update(
        session, slug=slug, actor=SYSTEM, title="They answered", text="In part.", now=NOW,
        public_url="http://localhost", **facts,
    )  # fmt: skip


def mails(session):
    session.expire_all()
    return session.query(Outbox).filter_by(kind="campaign_news").order_by(Outbox.id).all()


def test_is_mailed_only_to_those_who_asked_and_only_when_told_to(session, slug):
    post(session, slug)
    assert mails(session) == []
    post(session, slug, mail=True)
    [sent] = mails(session)
    assert '"to":"omar@example.org"' in sent.sealed
    assert "/follower/" in sent.sealed
    assert sent.not_before == NOW + timedelta(minutes=10)


def test_paragraphs_stay_paragraphs_in_the_email(session, slug):
    service.add_update(
        session, slug=slug, actor=SYSTEM, title="News", text="One.\r\n\r\nTwo,\r\non two lines.", mail=True,
        public_url="http://localhost", now=NOW,
    )  # fmt: skip
    [sent] = mails(session)
    told = json.loads(sent.sealed)["fields"]
    _subject, body = texts.find("campaigns/news", "en", Channel.EMAIL).render(
        {"union": "U", "stop": "s", **told}
    )
    assert "One.\n\nTwo,\non two lines." in body


def test_taking_it_back_in_time_stops_the_emails_and_can_be_undone(session, slug):
    update = post(session, slug, mail=True)
    facts = {"slug": slug, "update_id": update, "actor": SYSTEM, "now": NOW}
    assert service.take_back_update(session, **facts) == 1
    assert mails(session)[0].state == State.SUPPRESSED
    row = session.get(CampaignUpdate, update)
    assert row.taken_back_at == NOW
    page = queries.campaign_page(session, slug, SYSTEM, NOW)
    assert "They answered" not in [line.title for line in page.updates]
    service.restore_update(session, **facts)
    page = queries.campaign_page(session, slug, SYSTEM, NOW)
    assert "They answered" in [line.title for line in page.updates]
    assert mails(session)[0].state == State.SUPPRESSED


def test_an_edit_keeps_the_words_before_and_waiting_emails_get_the_new(session, slug):
    update = post(session, slug, mail=True)
    facts = {"slug": slug, "update_id": update, "actor": SYSTEM, "public_url": "http://localhost"}
    service.edit_update(
        session, title="They answered", text="In full.", now=NOW + timedelta(minutes=1), **facts
    )
    before, after = mails(session)
    assert before.state == State.SUPPRESSED
    assert "In full." in after.sealed
    found = queries.update_page(session, slug, update)
    assert (found.version, found.text) == (2, "In full.")
    assert [version for version, *_ in found.steps] == [2, 1]
    assert {piece.text for piece in found.steps[0][3] if piece.kind == "removed"} == {"part."}
    with pytest.raises(Invalid):
        service.edit_update(session, title="They answered", text="In full.", now=NOW, **facts)


def test_emails_that_left_are_not_sent_again(session, slug):
    update = post(session, slug, mail=True)
    mails(session)[0].state = State.ACCEPTED.value
    session.flush()
    service.edit_update(
        session, slug=slug, update_id=update, actor=SYSTEM, title="New", text="Words", now=NOW, public_url="x"
    )
    assert len(mails(session)) == 1


def test_only_news_in_own_words_is_edited(session, slug):
    turn = session.query(CampaignUpdate).filter_by(kind="opened").one()
    with pytest.raises(NotFound):
        service.take_back_update(session, slug=slug, update_id=turn.id, actor=SYSTEM, now=NOW)
