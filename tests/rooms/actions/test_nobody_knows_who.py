"""After an action has ended, no table joins a member to a check-in; and the look for it would find one."""

import hashlib
import hmac
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.factories.actions import SITE, make_armed
from union.actions import service
from union.actions.models import Action, CheckinOnce
from union.actions.rules.states import Mark
from union.actions.service import common
from union.core.actor import SYSTEM
from union.core.db import Base
from union.members import queries as members
from union.notify import service as notify
from union.notify.models import InboundMessage

# What may name a member and has nothing to do with having checked in.
INNOCENT = {
    "member", "member_role", "affiliation", "member_session", "vouch", "pledge", "outbox", "action_choice",
    "campaign", "action", "audit_entry", "challenge",
}  # fmt: skip


def rows_naming(session, ids):
    """Return the tables in which any cell, opened or as bytes, holds one of `ids`."""
    found = set()
    for table in Base.metadata.sorted_tables:
        for row in session.execute(text(f'SELECT * FROM "{table.name}"')):
            if any(str(one) in str(cell) for cell in row for one in ids):
                found.add(table.name)
    return found


def guesses(session, action, ids):
    """Return the members whose keyed hash can still be made and found."""
    marks = {bytes(row.digest) for row in session.scalars(select(CheckinOnce))}
    key = action.checkin_key
    if key is None:
        return set()
    return {
        one for one in ids for mark in Mark
        if hmac.digest(key, f"{mark}\0{one}".encode(), hashlib.sha256) in marks
    }  # fmt: skip


def counts(session):
    """Return the parts of the database that differ between those who checked in and those who did not."""
    per_member = {}
    for table in Base.metadata.sorted_tables:
        for row in session.execute(text(f'SELECT * FROM "{table.name}"')).mappings():
            if row.get("member_id"):
                per_member.setdefault(row["member_id"], set()).add(table.name)
    return per_member


@pytest.fixture
def over(session, now, first, second, called, campaign):
    """Half of the members checked in; return the action, who did, who did not, before and after its end."""
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    action = session.scalars(select(Action)).one()
    service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE)
    service.fire(session, actor=SYSTEM, now=action.starts_at, slug=slug, site=SITE)
    out, rest = called[::2], called[1::2]
    for n, member_id in enumerate(out):
        actor = members.actor_of(session, member_id)
        service.check_in(session, actor=actor, now=action.starts_at + timedelta(minutes=n), slug=slug)
        service.complete(session, actor=actor, now=action.starts_at + timedelta(minutes=n), slug=slug)
    return action, out, rest


def finish(session, action, first):
    service.end_now(
        session, actor=first, now=action.starts_at + timedelta(hours=1), slug=action.slug, site=SITE
    )


def test_nothing_tells_after_the_end(session, over, first):
    action, out, rest = over
    assert guesses(session, action, [*out, *rest]) == set(out), "while it is live the server can tell"
    finish(session, action, first)
    assert guesses(session, action, [*out, *rest]) == set()
    assert session.scalars(select(CheckinOnce)).all() == []
    assert rows_naming(session, [*out, *rest]) <= INNOCENT
    seen = counts(session)
    assert {frozenset(seen[one]) for one in out} == {frozenset(seen[one]) for one in rest}, "both look alike"


def test_a_reply_leaves_no_trace_of_its_sender(session, over, first):
    action, _, rest = over
    phone = members.contacts(session, [rest[0]])[0].phone
    start = action.starts_at
    notify.receive(session, now=start, sender=phone, body="UIT", provider_id="SM1")
    row = session.scalars(select(InboundMessage)).one()
    assert row.member_id or row.sender_hash, "while it waits we must know whom to count"
    service.take_replies(session, now=start)
    session.flush()
    session.refresh(row)
    assert (row.member_id, row.sealed, row.sender_hash) == (None, None, b"")
    finish(session, action, first)
    assert rows_naming(session, rest[:1]) <= INNOCENT


def test_the_look_finds_a_planted_fault(session, over, first, monkeypatch):
    action, out, rest = over
    monkeypatch.setattr(common, "wipe_marks", lambda *_: None)
    finish(session, action, first)
    assert guesses(session, action, [*out, *rest]) == set(out)
