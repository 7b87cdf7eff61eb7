"""Chapters and members for tests, made through the models: confirmed, active and reachable unless told otherwise."""

import json
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import undefer

from tests.factories.platforms import make_platform
from union.core.actor import Role
from union.core.ids import new_id
from union.core.sealing import vault
from union.members.models import Affiliation, Chapter, Member, MemberRole
from union.members.rules.contact import key
from union.notify.models import Outbox

EARLIER = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_numbers = count(1)


def make_chapter(session, slug="amsterdam", *, name=None, zone="Europe/Amsterdam"):
    """Put one chapter in and return its slug; one that is there already stays as it is."""
    if session.get(Chapter, slug) is None:
        session.add(Chapter(slug=slug, name=name or slug.replace("-", " ").title(), zone=zone))
        session.flush()
    return slug


def make_member(
    session,
    *,
    member_id=None,
    name=None,
    state="active",
    chapter="amsterdam",
    email=True,
    phone=False,
    sms=False,
    language="en",
    zone="Europe/Amsterdam",
    roles=(),
    platforms=(),
    confirmed=True,
    at=EARLIER,
):
    """Make one member and return the id.

    email, phone: True for one made up, False for none, or the address. roles: Role or names.
    platforms: slugs (as a driver) or (slug, kind) pairs; unknown ones are put in the directory.
    """
    n = next(_numbers)
    member_id = member_id or new_id()
    email = f"member{n}@example.org" if email is True else email or None
    phone = f"+316{10_000_000 + n}" if phone is True or (sms and not phone) else phone or None
    session.add(
        Member(
            id=member_id,
            state=state,
            name=name or f"Member {n}",
            language=language,
            zone=zone,
            chapter_slug=make_chapter(session, chapter) if chapter else None,
            email=email,
            email_hash=vault().lookup(key(email), "member.email") if email else None,
            email_confirmed_at=at if email and confirmed else None,
            phone=phone,
            phone_hash=vault().lookup(key(phone), "member.phone") if phone else None,
            phone_confirmed_at=at if phone and confirmed else None,
            sms_opt_in_at=at if sms else None,
            sms_opt_in_text="Text me" if sms else None,
            verified_by="admitted" if state == "active" else None,
            applied_at=at,
            joined_at=at if state != "applicant" else None,
            left_at=at if state == "left" else None,
        )
    )
    session.flush()
    for role in roles:
        if Role(role) != Role.MEMBER:
            session.add(MemberRole(member_id=member_id, role=Role(role).value, granted_at=at))
    for entry in platforms:
        slug, kind = (entry, "driver") if isinstance(entry, str) else entry
        session.add(Affiliation(member_id=member_id, platform_slug=make_platform(session, slug), kind=kind))
    session.flush()
    return member_id


def make_members(session, n, **facts):
    """Make `n` members alike and return their ids."""
    return [make_member(session, **facts) for _ in range(n)]


def letters(session, kind=None):
    """Return what the registry has written to people, oldest first: kind, to, fields (opened, as the sender would)."""
    rows = session.scalars(select(Outbox).options(undefer(Outbox.sealed)).order_by(Outbox.id))
    found = [
        {"kind": row.kind, "channel": row.channel, "secret": row.secret, **json.loads(row.sealed or "{}")}
        for row in rows
    ]
    return [letter for letter in found if kind in (None, letter["kind"])]


def token_of(letter):
    """Return the token in a letter's link."""
    return letter["fields"]["link"].rpartition("/")[2]
