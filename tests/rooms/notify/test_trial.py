"""A union being set up texts its officers and a short list only; simulated recipients answer with their error."""

from dataclasses import replace

import pytest

from tests.conftest import NOW
from tests.rooms.notify.conftest import DESKS, WHO, rows, states, write
from union.audit import queries as audit
from union.core import db
from union.core.actor import Actor, Role
from union.core.errors import Conflict, Invalid, NotAllowed
from union.notify import jobs, queries
from union.notify import service as notify
from union.notify.rules import simulated
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import trial

OFFICER = Actor("o", "Olga", frozenset({Role.MEMBER, Role.OFFICER}), active=True)
ORGANIZER = Actor("g", "Gijs", frozenset({Role.MEMBER, Role.ORGANIZER}), active=True)


@pytest.fixture
def on_trial(database):
    with db.transaction() as session:
        notify.begin_trial(session, now=NOW)


SECOND = replace(OFFICER, member_id="p", name="Piet")


def lift(actor=OFFICER, *, sure=True):
    with db.transaction() as session:
        return trial.lift_trial(session, actor=actor, now=NOW, sure=sure)


def test_a_union_without_a_trial_texts_everybody(database):
    write()
    assert states() == ["created"]


def test_only_officers_and_the_list_are_texted(on_trial):
    with db.transaction() as session:
        notify.trust(session, now=NOW, member_id="m0")
        trial.add_number(session, actor=OFFICER, now=NOW, number="+31 6 10000001")
    write(3)
    write(1, first=9, channel=Channel.EMAIL)
    write(1, first=8, lane=Lane.LOGIN, ref="sign-in", secret=True)
    found = {(row.member_id, row.channel): (row.state, row.error_code) for row in rows()}
    assert found == {
        ("m0", "sms"): ("created", None),
        ("m1", "sms"): ("created", None),
        ("m2", "sms"): ("suppressed", "trial"),
        ("m9", "email"): ("created", None),
        ("m8", "sms"): ("suppressed", "trial"),
    }
    assert all(row.sealed is None for row in rows() if row.error_code == "trial")
    with db.reading() as session:
        assert "trial" in " ".join(queries.progress(session, "action:x").causes)


def test_an_officer_no_more_is_not_texted(on_trial):
    with db.transaction() as session:
        notify.trust(session, now=NOW, member_id="m0")
        notify.distrust(session, member_id="m0")
    write()
    assert states() == ["suppressed"]


def test_lifting_needs_two_officers_and_a_yes_of_each(on_trial):
    with pytest.raises(NotAllowed):
        lift(ORGANIZER)
    with pytest.raises(Invalid):
        lift(sure=False)
    assert not lift()
    with pytest.raises(Conflict):
        lift()
    with pytest.raises(NotAllowed):
        lift(ORGANIZER)
    with pytest.raises(Invalid):
        lift(SECOND, sure=False)
    write()
    assert lift(SECOND)
    write(1, first=1)
    assert states() == ["suppressed", "created"]
    with pytest.raises(Conflict):
        lift()
    with db.transaction() as session:
        notify.begin_trial(session, now=NOW)
        assert not notify.on_trial(session), "a second beginning does not undo it"
        assert "notify.trial_lifted" in [entry.act for entry in audit.newest(session, limit=5)]


def test_a_signature_that_was_taken_off_counts_no_more(on_trial):
    lift()
    with db.transaction() as session:
        trial.keep_trial(session, actor=SECOND, now=NOW)
    assert not lift(SECOND)
    with db.transaction() as session:
        notify.distrust(session, member_id="p")
    assert not lift(), "who is no officer any more has not signed"
    with db.reading() as session:
        assert notify.on_trial(session)


def test_the_list_is_short_and_of_numbers(on_trial):
    with db.transaction() as session:
        for n in range(trial.MOST):
            trial.add_number(session, actor=OFFICER, now=NOW, number=f"+3161000000{n}")
        with pytest.raises(Conflict):
            trial.add_number(session, actor=OFFICER, now=NOW, number="+31610000009")
    for wrong in ("0612345678", "+31 six", "", "+1"):
        with db.transaction() as session, pytest.raises(Invalid):
            trial.add_number(session, actor=OFFICER, now=NOW, number=wrong)
    with db.transaction() as session:
        [(key, _), *_] = queries.trial_page(session).numbers
        trial.remove_number(session, actor=OFFICER, now=NOW, key=key)
        trial.remove_number(session, actor=OFFICER, now=NOW, key=key)
    with db.reading() as session:
        assert len(queries.trial_page(session).numbers) == trial.MOST - 1


def test_a_member_becomes_and_stops_being_trusted_with_the_office(on_trial):
    from union.core.actor import SYSTEM
    from union.members import service as members

    with db.transaction() as session:
        ids = [
            members.create_member(session, actor=SYSTEM, name=f"M{n}", phone=f"+3161234567{n}", now=NOW)
            for n in range(2)
        ]
        for one in ids:
            members.grant_role(session, actor=SYSTEM, member_id=one, role=Role.OFFICER, now=NOW)
        members.revoke_role(session, actor=SYSTEM, member_id=ids[1], role=Role.OFFICER, now=NOW)
        kept = trial.kept_out(session, {b"a" * 32: ids[0], b"b" * 32: ids[1]})
    assert kept == {b"b" * 32}


@pytest.mark.parametrize(("number", "code"), [*simulated.NUMBERS.items(), ("+1555530003", "30003")])
def test_simulated_numbers_at_the_desk(database, hand, number, code):
    write(1, to=number)
    jobs.deliver_due(DESKS, WHO, clock=hand)
    [row] = rows()
    assert row.error_code == code
    assert row.state == ("suppressed" if code == "21610" else "failed")


@pytest.mark.parametrize(("name", "code"), simulated.MAILBOXES.items())
def test_simulated_mailboxes_at_the_desk(database, hand, name, code):
    write(1, channel=Channel.EMAIL, to=f"{name}@example.org")
    jobs.deliver_due(DESKS, WHO, clock=hand)
    [row] = rows()
    assert (row.state, row.error_code) == ("failed", code)


def test_who_opted_out_in_the_simulation_is_opted_out(database, hand):
    write(1, to="+15005550004")
    jobs.deliver_due(DESKS, WHO, clock=hand)
    write(1, to="+15005550004", ref="again")
    assert [row.error_code for row in rows()] == ["21610", "opted_out"]
