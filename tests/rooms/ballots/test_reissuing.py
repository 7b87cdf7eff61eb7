"""One lost code is struck and made anew before the opening; nothing on disk joins it to the member afterwards."""

import json
import os
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.ballots import jobs, offline, service
from union.ballots.crypto.credentials import public_of
from union.ballots.crypto.failures import Refused
from union.ballots.models import CredentialTag, PublicCredential
from union.ballots.service import board, reissuing
from union.core import db, keyring, passing, resealing, sealing
from union.core.actor import SYSTEM, Role
from union.core.errors import Closed, Conflict, NotAllowed, NotFound
from union.migrate import load_models
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


def linked(session, keys, vault, member_ids):
    """Whose credential is whose, as {member: digest}, by somebody with this database, this data key and these files."""
    sealing.install(vault)
    found = {}
    for tag, digest in session.execute(select(CredentialTag.tag, CredentialTag.digest)).all():
        for key in keys:
            opened = sealing.Vault(key)
            for member in member_ids:
                if opened.lookup(member, "credential_tag").hex() == tag:
                    found[member] = opened.open(bytes.fromhex(digest), f"credential_tag.digest:{tag}")
    return found


def files():
    folder = passing.keys().path
    return {f.name: f.read_bytes() for f in folder.iterdir()} if folder.is_dir() else {}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path):
    passing.install(passing.KeyFolder(tmp_path / "ballot-keys"))


class TestWhoseIsWhose:
    def test_with_the_file_of_that_time_it_could_be_told(self, session, now, data_key):
        """The planted fault: database, data key and the file together do link, so the looks below can fail."""
        hand = ready(session, now)
        found = linked(session, files().values(), sealing.Vault(data_key), hand.voters)
        for who in hand.voters:
            point = public(session, hand, hand.credentials[who])
            assert found[who] == session.scalar(
                select(PublicCredential.digest).where(PublicCredential.point == point)
            )

    def test_a_copy_of_the_database_and_the_data_key_tell_nothing(self, session, now, data_key):
        hand = ready(session, now)
        digests = set(session.scalars(select(PublicCredential.digest)))
        assert linked(session, [data_key], sealing.Vault(data_key), hand.voters) == {}
        for tag, sealed in session.execute(select(CredentialTag.tag, CredentialTag.digest)).all():
            assert not any(member in tag for member in hand.voters)
            assert tag not in digests
            assert not any(
                digest in sealed or bytes.fromhex(digest) in bytes.fromhex(sealed) for digest in digests
            )
            assert tag not in {sealing.Vault(data_key).lookup(m, "credential_tag").hex() for m in hand.voters}

    def test_the_file_is_the_owners_alone_and_useless_without_the_database(self, session, now):
        hand = ready(session, now)
        (file,) = passing.keys().path.iterdir()
        assert [path.stat().st_mode & 0o077 for path in (file, file.parent)] == [0, 0]
        assert len(file.read_bytes()) == 32
        assert not any(member.encode() in file.read_bytes() for member in hand.voters)


class TestTheKeyPasses:
    def test_it_goes_with_the_opening_and_not_before_it_is_committed(self, database, now):
        with db.transaction() as session:
            hand = ready(session, now)
        assert len(files()) == 1
        with pytest.raises(ZeroDivisionError), db.transaction() as session:
            make.open_now(session, hand, now)
            raise ZeroDivisionError
        assert len(files()) == 1
        with db.transaction() as session:
            make.open_now(session, hand, now)
            assert len(files()) == 1
        assert files() == {}
        with db.reading() as session:
            assert list(session.scalars(select(CredentialTag))) == []

    def test_called_off_or_issued_anew_it_goes_too(self, database, now):
        with db.transaction() as session:
            hand = ready(session, now)
        first, tags = files(), rows()
        with db.transaction() as session:
            make.issue(session, hand, now)
        assert len(files()) == 1
        assert files().keys().isdisjoint(first)
        assert tags.isdisjoint(rows())
        with db.transaction() as session:
            make.call_off(session, hand, now)
        assert (files(), rows()) == ({}, set())

    def test_a_killed_process_leaves_a_file_that_is_swept(self, database, now):
        folder = passing.keys()
        with db.transaction() as session:
            ready(session, now)
        (kept,) = files()
        folder.make("orphan-1")
        long_ago = (now - timedelta(hours=2)).timestamp()
        for name in files():
            os.utime(folder.path / name, (long_ago, long_ago))
        folder.make("just-made")
        assert jobs.sweep_keys(now, None) == 1
        assert set(files()) == {kept, "just-made.key"}


class TestWhereAndWhen:
    def test_a_restart_and_a_new_data_key_do_no_harm(self, session, now, tmp_path, data_key):
        hand = ready(session, now)
        passing.install(passing.KeyFolder(tmp_path / "ballot-keys"))
        ring = keyring.Keyring((data_key,)).with_next(bytes(range(9, 41))).promoted()
        sealing.install(sealing.Vault(ring))
        load_models()
        for column in resealing.sealed_columns():
            resealing.reseal(session, column=column, vault=sealing.vault(), after=None, size=1000)
        sealing.install(sealing.Vault(ring.retired()))
        session.expire_all()
        assert ask(session, hand, hand.voters[0], now).left == 2
        assert ask(session, hand, hand.voters[0], now).left == 1

    def test_a_machine_without_the_file_says_so_and_changes_nothing(self, session, now, tmp_path):
        hand = ready(session, now)
        before = points(session)
        passing.install(passing.KeyFolder(tmp_path / "another-machine"))
        with pytest.raises(Conflict, match="new codes to everybody"):
            ask(session, hand, hand.voters[0], now)
        assert points(session) == before
        make.open_now(session, hand, now)
        assert list(session.scalars(select(CredentialTag))) == []

    def test_a_file_of_something_else_opens_nothing(self, session, now):
        hand = ready(session, now)
        (file,) = passing.keys().path.iterdir()
        for other in (b"", bytes(32)):
            file.write_bytes(other)
            with pytest.raises(Conflict, match="new codes to everybody"):
                ask(session, hand, hand.voters[0], now)

    @pytest.mark.parametrize("name", ["", "..", "../data", "a/b", "x" * 61])
    def test_a_name_leads_nowhere_else(self, name):
        with pytest.raises(ValueError, match="plain name"):
            passing.keys().make(name)


def rows():
    with db.reading() as session:
        return set(session.scalars(select(CredentialTag.tag)))


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
