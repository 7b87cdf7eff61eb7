"""One lost code is struck and made anew before the opening; nothing on disk joins it to the member afterwards."""

import json
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.ballots import offline, service
from union.ballots.crypto.credentials import public_of
from union.ballots.crypto.failures import Refused
from union.ballots.models import CredentialTag, PublicCredential
from union.ballots.service import board, reissuing
from union.ballots.service.credentials import tag_of
from union.core.actor import SYSTEM, Role
from union.core.errors import Closed, Conflict, NotAllowed, NotFound
from union.notify.models import Outbox

YES = [[1, 0, 0]]


def ready(session, now, **facts):
    return make.issue(
        session, make.give_keys(session, make.make_ballot_draft(session, now, **facts), now), now
    )


def ask(session, hand, member_id, now, by=None):
    return service.reissue(
        session,
        actor=make.actor(session, by or member_id),
        now=now,
        slug=hand.slug,
        member_id=member_id,
        public_url=make.PUBLIC_URL,
    )


def points(session):
    query = select(PublicCredential.point).order_by(PublicCredential.position)
    return list(session.scalars(query))


def newest_code(session, hand, member_id):
    sent = session.scalars(
        select(Outbox).where(Outbox.member_id == member_id, Outbox.kind.startswith("credential-1-"))
    )
    return json.loads(list(sent)[-1].sealed)["fields"]["link"].split("#")[1]


def public(session, hand, private):
    ballot = make.row(session, hand)
    return str(public_of(board.group_of(ballot), ballot.uuid, private))


@pytest.mark.parametrize("group", ["Ed25519", "BELENIOS-2048"])
def test_one_code_is_struck_and_the_others_stay(session, now, group):
    hand = ready(session, now, group=group)
    before, roll = points(session), make.row(session, hand).roll_hash
    who, others = hand.voters[1], [v for v in hand.voters if v != hand.voters[1]]
    assert ask(session, hand, who, now) == service.Reissued("email", 2)
    after = points(session)
    new = public(session, hand, newest_code(session, hand, who))
    old = public(session, hand, hand.credentials[who])
    assert set(before) - set(after) == {old}
    assert set(after) - set(before) == {new}
    chosen = board.group_of(make.row(session, hand))
    assert after == sorted(after, key=lambda p: chosen.order_key(chosen.point(p)))
    assert make.row(session, hand).roll_hash == roll
    first = session.scalar(select(Outbox).where(Outbox.member_id == who, Outbox.kind == "credential-1"))
    assert (first.state, first.sealed) == ("suppressed", None)
    hand_old = hand.credentials[who]
    make.open_now(session, hand, now)
    with make.at_database_time(now):
        refused = make.vote(session, hand, who, YES, now)
        assert refused.code == "ballot-credential"
        assert "replaced by a newer one" in refused.text
        hand.credentials[who] = newest_code(session, hand, who)
        assert hand.credentials[who] != hand_old
        for voter in (who, others[0]):
            assert isinstance(make.vote(session, hand, voter, YES, now), service.Receipt)


def test_tags_name_nobody_and_are_gone_when_voting_opens(session, now):
    hand = ready(session, now)
    rows = list(session.scalars(select(CredentialTag)))
    assert len(rows) == len(hand.voters)
    digests = set(session.scalars(select(PublicCredential.digest)))
    raw = session.connection().exec_driver_sql("select tag, digest from credential_tag").all()
    for tag, sealed in raw:
        assert not any(member in tag for member in hand.voters)
        assert not any(digest.encode() in bytes(sealed) for digest in digests)
    make.open_now(session, hand, now)
    assert list(session.scalars(select(CredentialTag))) == []


def test_a_tag_that_outlived_the_opening_would_be_seen(session, now, monkeypatch):
    """The planted fault: keep a tag, and the look above finds whose credential it was."""
    hand = ready(session, now)
    who = hand.voters[0]
    tag = session.get(CredentialTag, (make.row(session, hand).id, tag_of(make.row(session, hand), who)))
    point = public(session, hand, hand.credentials[who])
    digest = session.scalar(select(PublicCredential.digest).where(PublicCredential.point == point))
    assert tag.digest == digest


def test_called_off_or_issued_anew_the_tags_go_too(session, now):
    hand = ready(session, now)
    ask(session, hand, hand.voters[0], now)
    first = {t.tag for t in session.scalars(select(CredentialTag))}
    make.issue(session, hand, now)
    assert first.isdisjoint({t.tag for t in session.scalars(select(CredentialTag))})
    assert make.row(session, hand).reissued == 0
    make.call_off(session, hand, now)
    assert list(session.scalars(select(CredentialTag))) == []


def test_once_voting_is_open_it_is_too_late_and_said(session, now):
    hand = make.open_now(session, ready(session, now), now)
    with pytest.raises(Closed, match="Voting has begun"):
        ask(session, hand, hand.voters[0], now)


def test_a_member_asks_three_times_then_an_officer(session, now):
    hand = ready(session, now)
    who = hand.voters[0]
    officer = make_member(session, roles=[Role.OFFICER], chapter="utrecht")
    assert [ask(session, hand, who, now).left for _ in range(reissuing.MOST)] == [2, 1, 0]
    with pytest.raises(Conflict):
        ask(session, hand, who, now)
    ask(session, hand, who, now, by=officer)


def test_nobody_replaces_anothers_code_but_an_officer(session, now):
    hand = ready(session, now)
    for other in (hand.voters[1], hand.organizer, hand.trustees[0]):
        with pytest.raises(NotAllowed):
            ask(session, hand, hand.voters[0], now, by=other)
    with pytest.raises(NotFound):
        ask(session, hand, hand.organizer, now)


def test_without_a_channel_there_is_nowhere_to_send_it(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    silent = make_member(session, chapter="amsterdam", email=False, phone=False)
    make.issue(session, hand, now)
    with pytest.raises(Conflict, match="no confirmed channel"):
        ask(session, hand, silent, now)


def test_offline_one_code_is_replaced_and_the_roll_stays(session, now):
    hand = make.give_keys(session, make.make_ballot_draft(session, now), now)
    roll = service.export_roll(session, actor=SYSTEM, now=now, slug=hand.slug, public_url=make.PUBLIC_URL)
    codes, first = offline.make_codes(offline.read_roll(roll), secrets.randbelow)

    def upload(public_parts):
        service.upload_credentials(session, actor=SYSTEM, now=now, slug=hand.slug, text=public_parts.text())

    upload(first)
    frozen = make.row(session, hand).roll_hash
    changed_codes, second = offline.replace_code(codes, first, hand.voters[2], secrets.randbelow)
    different = [
        (a, b) for a, b in zip(codes.splitlines(), changed_codes.splitlines(), strict=True) if a != b
    ]
    assert len(different) == 1
    assert different[0][1].startswith(hand.voters[2])
    assert len(set(first.points) & set(second.points)) == len(first.points) - 1
    assert offline.read_public(second.text()) == second
    make_member(session, chapter="amsterdam", name="Late Joiner")  # the roll is frozen: no new export
    upload(second)
    assert (make.row(session, hand).roll_hash, points(session)) == (frozen, list(second.points))
    with pytest.raises(Refused):
        offline.replace_code(codes, second, hand.voters[2], secrets.randbelow)
    with pytest.raises(Refused):
        offline.replace_code(codes, first, "nobody", secrets.randbelow)
    with pytest.raises(Conflict):
        ask(session, hand, hand.voters[0], now + timedelta(minutes=1))
