"""A text that says "I'm in" gets the page where a pledge is made; it never counts anybody in by itself."""

import pytest
from sqlalchemy import select

from tests.conftest import NOW
from tests.factories.campaigns import actor, make_campaign
from union.campaigns.models import Pledge
from union.campaigns.service import pledge
from union.campaigns.service.replies import answer_pledges
from union.core.actor import SYSTEM
from union.members import service as members
from union.notify import queries
from union.notify import service as notify
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel, Lane

PHONE = "+31612345678"


@pytest.fixture
def member(session):
    """A member whom we have texted, and the campaign that gathers."""
    slug = make_campaign(session)
    one = members.create_member(session, actor=SYSTEM, name="Anna", phone=PHONE, now=NOW, language="nl")
    notify.enqueue(
        session, now=NOW, ref="r", kind="k", member_id=one, channel=Channel.SMS, to=PHONE, language="nl",
        zone="Europe/Amsterdam", template="notify/test", fields={"when": "nu"}, expires_at=NOW.replace(hour=20),
        lane=Lane.ALERT,
    )  # fmt: skip
    return one, slug


def reply(session, body, sender=PHONE):
    return notify.receive(session, now=NOW, sender=sender, body=body, provider_id=f"S{body}{sender}")


def answers(session):
    return session.scalars(select(Outbox).where(Outbox.kind == "pledge")).all()


@pytest.mark.parametrize("body", ["IN", "I'm in!", "Ik doe mee", "count me in please"])
def test_it_gets_the_page_and_no_pledge(session, member, body):
    reply(session, body)
    assert answer_pledges(session, now=NOW, public_url="https://union.example") == 1
    [answer] = answers(session)
    assert (answer.member_id, answer.language, answer.channel) == (member[0], "nl", "sms")
    assert "https://union.example/campaigns/at/" in answer.sealed
    assert session.scalars(select(Pledge)).all() == []
    assert queries.inbox(session) == ()
    assert answer_pledges(session, now=NOW, public_url="https://union.example") == 0


def test_from_nobody_we_know_a_person_reads_it(session, member):
    reply(session, "IN", sender="+31687654321")
    answer_pledges(session, now=NOW, public_url="https://union.example")
    assert answers(session) == []
    assert [one.body for one in queries.inbox(session)] == ["IN"]


def test_without_an_open_round_a_person_reads_it(session, member):
    found = actor(session)
    assert found.member_id != member[0]
    pledge(
        session, slug=member[1], at_least=5, now=NOW,
        actor=type(found)(member_id=member[0], active=True),
    )  # fmt: skip
    reply(session, "IN")
    answer_pledges(session, now=NOW, public_url="https://union.example")
    assert answers(session) == []
    assert len(queries.inbox(session)) == 1
