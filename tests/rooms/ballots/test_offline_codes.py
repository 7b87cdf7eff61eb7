"""Voting codes made off the server by an officer: out, back, a whole election with them, and what is refused."""

import csv
import io
import json
import secrets
import shutil
import subprocess

import pytest
from sqlalchemy import func, select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.ballots import offline, queries, service
from union.ballots.crypto import verify
from union.ballots.crypto.failures import Refused
from union.ballots.models import PublicCredential
from union.core.actor import SYSTEM, Role
from union.core.errors import Closed, Conflict, Invalid, NotAllowed
from union.notify.models import Outbox


def ready(session, now, **facts):
    return make.give_keys(session, make.make_ballot_draft(session, now, **facts), now)


def made_offline(session, hand, now, actor=SYSTEM):
    """What goes out, and what the other machine makes of it."""
    text = service.export_roll(session, actor=actor, now=now, slug=hand.slug, public_url=make.PUBLIC_URL)
    return offline.make_codes(offline.read_roll(text), secrets.randbelow)


def upload(session, hand, now, text, actor=SYSTEM):
    return service.upload_credentials(session, actor=actor, now=now, slug=hand.slug, text=text)


def hand_out(hand, codes):
    hand.credentials = {row["member id"]: row["code"] for row in csv.DictReader(io.StringIO(codes))}


@pytest.mark.parametrize("group", ["BELENIOS-2048", "Ed25519"])
def test_an_election_with_the_officers_codes(session, now, tmp_path, group):
    hand = ready(session, now, group=group, voters=3)
    officer = make.actor(session, make_member(session, roles=[Role.OFFICER], chapter="utrecht"))
    codes, public = made_offline(session, hand, now, officer)
    assert upload(session, hand, now, public.text(), officer).eligible == 3
    hand_out(hand, codes)
    organizer = make.actor(session, hand.organizer)
    make.open_now(session, hand, now)
    page = queries.ballot_page(session, hand.slug, organizer, now)
    assert page.codes_by_officer
    assert page.roll_hash == service.roll_hash(public.members)
    sent = select(func.count()).select_from(Outbox).where(Outbox.kind.startswith("credential"))
    assert session.scalar(sent) == 0, "the server hands out nothing"
    with make.at_database_time(now):
        for voter in hand.voters:
            assert isinstance(make.vote(session, hand, voter, [[1, 0, 0]], now), service.Receipt)
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    path = tmp_path / f"{make.row(session, hand).uuid}.bel"
    path.write_bytes(b"".join(queries.archive(session, hand.slug)))
    report = verify(path)
    assert report.holds
    assert report.result == [[3, 0, 0]]
    if group == "BELENIOS-2048" and shutil.which("belenios-tool"):
        subprocess.run(
            ["belenios-tool", "election", "verify", "--dir", str(tmp_path)], check=True, capture_output=True
        )


def test_nothing_we_keep_or_take_holds_a_private_code(session, now):
    hand = ready(session, now)
    codes, public = made_offline(session, hand, now)
    upload(session, hand, now, public.text())
    hand_out(hand, codes)
    assert set(hand.credentials) == set(hand.voters)
    assert len(set(hand.credentials.values())) == 5
    stored = list(session.scalars(select(PublicCredential.point).order_by(PublicCredential.position)))
    assert stored == list(public.points)
    assert not any(code in public.text() for code in hand.credentials.values())


def test_codes_of_either_side_revoke_the_other_sides(session, now):
    hand = make.issue(session, ready(session, now), now)
    ours = set(session.scalars(select(PublicCredential.point)))
    _, public = made_offline(session, hand, now)
    upload(session, hand, now, public.text())
    assert set(session.scalars(select(PublicCredential.point))).isdisjoint(ours)
    waiting = select(Outbox.state).where(Outbox.kind.startswith("credential"))
    assert set(session.scalars(waiting)) == {"suppressed"}
    make.issue(session, hand, now)
    assert not make.row(session, hand).codes_by_officer
    assert set(session.scalars(select(PublicCredential.point))).isdisjoint(public.points)


def test_only_officers_and_only_before_the_opening(session, now):
    hand = ready(session, now)
    codes, public = made_offline(session, hand, now)
    organizer = make.actor(session, hand.organizer)
    with pytest.raises(NotAllowed):
        upload(session, hand, now, public.text(), organizer)
    with pytest.raises(NotAllowed):
        made_offline(session, hand, now, organizer)
    upload(session, hand, now, public.text())
    hand_out(hand, codes)
    make.open_now(session, hand, now)
    with pytest.raises(Closed):
        upload(session, hand, now, public.text())


def test_a_changed_electorate_needs_new_codes(session, now):
    hand = ready(session, now)
    _, public = made_offline(session, hand, now)
    make_member(session, chapter="amsterdam")
    with pytest.raises(Conflict, match="electorate has changed"):
        upload(session, hand, now, public.text())


def test_codes_of_another_ballot_are_refused(session, now):
    first, second = ready(session, now), ready(session, now)
    _, public = made_offline(session, first, now)
    with pytest.raises(Conflict, match="another ballot"):
        upload(session, second, now, public.text())


def changed(public, **facts):
    return json.dumps({**json.loads(public.text()), **facts})


def test_a_file_that_does_not_hold_is_refused_by_name(session, now):
    hand = ready(session, now)
    codes, public = made_offline(session, hand, now)
    points = list(public.points)
    wrong = {
        "credentials-distinct": changed(public, credentials=[points[0], *points[:4]]),
        "credentials-order": changed(public, credentials=points[::-1]),
        "4 credentials for 5": changed(public, credentials=points[:4]),
        "point-form": changed(public, credentials=["zz", *points[1:]]),
        "weighs": changed(public, credentials=[f"{points[0]},2", *points[1:]]),
        "names somebody twice": changed(public, members=[list(public.members[0])] * 5),
        "no file of the kind": codes,
        "lists no credentials": changed(public, credentials=[1]),
        "lists no members": changed(public, members=[["a"]]),
    }
    for words, text in wrong.items():
        with pytest.raises(Invalid, match=words) as refusal:
            upload(session, hand, now, text)
        assert refusal.value.field == "file"
    with pytest.raises(Invalid):
        upload(session, hand, now, "[" * 100_000)
    with pytest.raises(Refused):
        offline.read_roll(public.text())
