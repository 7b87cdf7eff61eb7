"""A trustee who resigns or lost the key is replaced before the opening; afterwards it is refused with what helps."""

import secrets

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.audit.models import AuditEntry
from union.ballots import queries, service
from union.ballots.crypto import group_named, make_key
from union.core.actor import Role
from union.core.errors import Closed, Invalid, NotAllowed
from union.notify.models import Outbox, Wording


def replace(session, hand, now, position, member_id, by=None):
    return service.replace_trustee(
        session,
        actor=make.actor(session, by or hand.organizer),
        now=now,
        slug=hand.slug,
        position=position,
        member_id=member_id,
        public_url=make.PUBLIC_URL,
    )


def newcomer(session, now, name="Nora"):
    return make_member(session, name=name, roles=(Role.TRUSTEE,))


def page_of(session, hand, now):
    return queries.ballot_page(session, hand.slug, make.actor(session, hand.organizer), now)


def told(session, hand, member_id):
    found = (
        select(Wording.template)
        .join(Outbox, Outbox.wording_id == Wording.id)
        .where(Outbox.ref == f"ballot:{hand.slug}", Outbox.member_id == member_id)
    )
    return sorted(template.removeprefix("ballots/") for template in session.scalars(found))


def test_a_draft_changes_hands_and_nobody_is_written_to(session, now):
    hand = make.make_ballot_draft(session, now)
    nora = newcomer(session, now)
    left = replace(session, hand, now, 2, nora)
    page = page_of(session, hand, now)
    assert [seat.name for seat in page.seats][1] == "Nora"
    assert left not in [seat.name for seat in page.seats]
    assert told(session, hand, nora) == []
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == "ballots.replace_trustee"))
    assert (entry.facts["left"], entry.facts["came"]) == (hand.trustees[1], nora)


def test_keys_made_alone_stay_good_and_the_newcomer_makes_one(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    make.test_key(session, hand, hand.trustees[0], now)
    before = page_of(session, hand, now)
    gone, nora = hand.trustees[1], newcomer(session, now)
    replace(session, hand, now, 2, nora)
    page = page_of(session, hand, now)
    assert [seat.has_key for seat in page.seats] == [True, False, True]
    assert page.seats[0].tested
    assert [page.seats[i].public_key for i in (0, 2)] == [before.seats[i].public_key for i in (0, 2)]
    assert "trustee_left" in told(session, hand, gone)
    assert told(session, hand, nora) == ["trustee_key"]
    assert "trustee_replaced" in told(session, hand, hand.trustees[0])
    with pytest.raises(NotAllowed):
        queries.part(session, hand.slug, make.actor(session, gone))


def test_the_vote_is_counted_with_the_newcomers_key(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    nora = newcomer(session, now)
    replace(session, hand, now, 2, nora)
    hand.trustees[1] = nora
    key = make_key(group_named(make.row(session, hand).group_name), secrets.randbelow)
    service.submit_trustee_key(
        session,
        actor=make.actor(session, nora),
        now=now,
        slug=hand.slug,
        text=key.public.record().decode(),
        public_url=make.PUBLIC_URL,
    )
    hand.keys[nora] = key
    assert "trustee_test" in told(session, hand, nora)
    make.issue(session, hand, now)
    make.open_now(session, hand, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    assert page_of(session, hand, hand.closes_at).state == "concluded"


def test_a_ceremony_begins_again_for_all_and_everybody_reads_why(session, now):
    hand = make.asked(session, make.make_ballot_draft(session, now, threshold=2), now)
    make.hold_ceremony(session, hand, now)
    make.issue(session, hand, now)
    gone, nora = hand.trustees[2], newcomer(session, now)
    replace(session, hand, now, 3, nora)
    hand.trustees[2] = nora
    page = page_of(session, hand, now)
    assert page.state == "credentials"
    assert page.ceremony == 2
    assert [(seat.has_key, seat.steps, seat.tested) for seat in page.seats] == [(False, 0, False)] * 3
    assert told(session, hand, nora) == ["trustee_ceremony"]
    assert told(session, hand, hand.trustees[0]).count("trustee_replaced_again") == 1
    assert "trustee_again" not in told(session, hand, hand.trustees[0])
    assert "trustee_left" in told(session, hand, gone)
    make.hold_ceremony(session, hand, now)
    assert page_of(session, hand, now).keys_missing == 0


def test_whoever_left_can_come_back(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    gone, nora = hand.trustees[0], newcomer(session, now)
    replace(session, hand, now, 1, nora)
    later = now.replace(second=(now.second + 1) % 60)
    replace(session, hand, later, 1, gone)
    assert not page_of(session, hand, now).seats[0].has_key
    assert told(session, hand, gone).count("trustee_key") == 2


@pytest.mark.parametrize(
    ("position", "who", "field"),
    [(1, "trustee", "comes"), (1, "voter", "comes"), (9, "new", "leaves"), (4, "new", "leaves")],
)
def test_who_cannot_leave_or_come_is_refused_at_the_field(session, now, position, who, field):
    hand = make.make_ballot_draft(session, now, server_trustee=True)
    one = {"trustee": hand.trustees[1], "voter": hand.voters[0], "new": newcomer(session, now)}[who]
    with pytest.raises(Invalid) as refusal:
        replace(session, hand, now, position, one)
    assert refusal.value.field == field


def test_a_member_cannot_replace_anybody(session, now):
    hand = make.make_ballot_draft(session, now)
    with pytest.raises(NotAllowed):
        replace(session, hand, now, 1, newcomer(session, now), by=hand.voters[0])


@pytest.mark.parametrize(
    ("threshold", "closed", "words"),
    [
        (None, False, "call the ballot off"),
        (None, True, "draft the ballot anew"),
        (2, False, "go on without this one"),
        (2, True, "go on without this one"),
    ],
)
def test_after_the_opening_it_is_refused_with_what_helps(session, now, threshold, closed, words):
    hand = make.make_open_ballot(session, now, threshold=threshold)
    if closed:
        make.close(session, hand)
    with pytest.raises(Closed) as refusal:
        replace(session, hand, now, 1, newcomer(session, now))
    assert words in str(refusal.value.text)
