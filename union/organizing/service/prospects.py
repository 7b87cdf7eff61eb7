"""Lists from outside: a dry run that names every bad row, tags on members, prospects with an invitation.

Members and prospects are told apart by their addresses alone, so nobody stands there twice. Somebody who is
a member of another place is left alone and counted with the prospects that are there already: an import
tells no chapter who belongs to another.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import new_id, new_token
from union.core.permissions import Permission, allow
from union.core.sealing import vault
from union.members import queries as members
from union.members.queries import ChapterCard
from union.members.rules.contact import Reach, key
from union.members.rules.register_file import Bad, decode
from union.members.rules.tokens import hashed
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Fanout, Recipient
from union.organizing import scope
from union.organizing.models import ListDraft, Prospect, Tag
from union.organizing.rules import list_file
from union.organizing.rules.list_file import Defaults, Person, check_source
from union.organizing.service.tags import put_tag

DRAFT_LASTS = timedelta(hours=1)
KEPT_UNASKED = timedelta(days=60)
KEPT_INVITED = timedelta(days=30)
INVITATION_LASTS = timedelta(days=2)
_PURPOSE = {Reach.EMAIL: "member.email", Reach.SMS: "member.phone"}
_ZONE = "Europe/Amsterdam"


@dataclass(frozen=True)
class Plan:
    """What an import would do.

    tags: (row, member id) of members here who get tags. known: lines that stay as they are: members without
    a tag to put on, members of elsewhere, prospects we have.
    """

    new: tuple[Person, ...]
    tagged: tuple[tuple[Person, str], ...]
    known: tuple[int, ...]
    bad: tuple[Bad, ...]
    ignored: tuple[str, ...]


def plan_list(session: Session, *, actor: Actor, text: str, source: str, chapter: str, now: datetime) -> Plan:
    """Return what importing `text` would do, writing nothing.

    source: where these people agreed to be contacted, for rows that do not say it. chapter: whose prospects
    they become unless the row says another. Raises Invalid (field file) when it is no such list,
    NotAllowed.
    """
    slugs = scope.chapters_of(actor)
    known = [one for one in members.chapters(session) if slugs is None or one.slug in slugs]
    if chapter not in {one.slug for one in known}:
        raise Invalid(msg("Choose a chapter that you organize."), field="chapter")
    if source.strip():
        check_source(source)
    given = _defaults(session, known, chapter, source, actor, now)
    found = list_file.read(text, given)
    return _plan(session, actor, found)


def _defaults(
    session: Session, known: list[ChapterCard], chapter: str, source: str, actor: Actor, now: datetime
) -> Defaults:
    tags = session.execute(select(Tag.slug, Tag.name).where(Tag.retired_at.is_(None))).all()
    return Defaults(
        chapters={word.casefold(): one.slug for one in known for word in (one.slug, one.name)},
        tags={word.casefold(): slug for slug, name in tags for word in (slug, name)},
        chapter=chapter,
        language=actor.language,
        zone=next((one.zone for one in known if one.slug == chapter), _ZONE),
        source=source,
        today=now.date(),
    )


def _plan(session: Session, actor: Actor, found: list_file.PeopleFile) -> Plan:
    everyone = [one for row in found.rows for one in row.addresses]
    owners = members.owners(session, everyone)
    here = set(scope.people_here(session, actor, sorted(set(owners.values()))))
    waiting = _waiting(session, everyone)
    new: list[Person] = []
    tagged: list[tuple[Person, str]] = []
    there: list[int] = []
    bad = list(found.bad)
    for row in found.rows:
        ids = {owners[one] for one in row.addresses if one in owners}
        if len(ids) > 1:
            why = Invalid(msg("The email address and the number are of two people."))
            bad.append(Bad(row.line, "", why))
        elif ids and row.tags and ids <= here:
            tagged.append((row, ids.pop()))
        elif ids or any(one in waiting for one in row.addresses):
            there.append(row.line)
        elif not row.name:
            bad.append(Bad(row.line, "name", Invalid(msg("Who is no member yet needs a name."))))
        else:
            new.append(row)
    return Plan(
        tuple(new), tuple(tagged), tuple(there), tuple(sorted(bad, key=lambda one: one.line)), found.ignored
    )


def hash_of(reach: Reach, address: str) -> bytes:
    """Return the keyed hash under which the register would find the address."""
    return vault().lookup(key(address), _PURPOSE[reach])


def _waiting(session: Session, addresses: list[tuple[Reach, str]]) -> set[tuple[Reach, str]]:
    known: set[bytes] = set()
    for column in (Prospect.email_hash, Prospect.phone_hash):
        known |= {bytes(one) for one in session.scalars(select(column)) if one}
    return {one for one in addresses if hash_of(*one) in known}


def import_list(
    session: Session,
    *,
    actor: Actor,
    text: str,
    source: str,
    chapter: str,
    now: datetime,
    skip_bad: bool = False,
) -> Plan:
    """Write the list down: tags on members, new people as prospects; return what was done.

    Raises Invalid when it is no such list, Conflict when rows are bad and `skip_bad` is not given.
    """
    plan = plan_list(session, actor=actor, text=text, source=source, chapter=chapter, now=now)
    if plan.bad and not skip_bad:
        raise Conflict(msg("%(n)s rows are bad; nothing was imported."), n=len({b.line for b in plan.bad}))
    for row in plan.new:
        session.add(_prospect(row, actor, now, _zone(session, row.chapter)))
    session.flush()
    wearing: dict[str, list[str]] = {}
    for row, member_id in plan.tagged:
        for slug in row.tags:
            wearing.setdefault(slug, []).append(member_id)
    for slug, ids in sorted(wearing.items()):
        put_tag(session, actor=actor, slug=slug, member_ids=ids, now=now)
    if plan.new or plan.tagged:
        audit.record(
            session,
            actor=actor,
            now=now,
            act="organizing.import",
            subject=f"chapter/{chapter}",
            new=len(plan.new),
            tagged=len(plan.tagged),
            known=len(plan.known),
            bad=len(plan.bad),
        )
    return plan


def _zone(session: Session, chapter: str) -> str:
    return next((one.zone for one in members.chapters(session) if one.slug == chapter), _ZONE)


def _prospect(row: Person, actor: Actor, now: datetime, zone: str) -> Prospect:
    return Prospect(
        id=new_id(),
        name=row.name,
        email=row.email or None,
        email_hash=hash_of(Reach.EMAIL, row.email) if row.email else None,
        phone=row.phone or None,
        phone_hash=hash_of(Reach.SMS, row.phone) if row.phone else None,
        chapter_slug=row.chapter,
        language=row.language,
        zone=zone,
        source=row.source,
        agreed_on=row.agreed,
        added_by=actor.member_id,
        added_at=now,
        erase_at=now + KEPT_UNASKED,
    )


def invite(session: Session, *, actor: Actor, chapter: str, now: datetime, site: str) -> Fanout:
    """Send the prospects of a chapter who gave an email address and were not invited yet their invitation.

    Nobody is invited twice. Raises NotAllowed, Conflict when nobody is left to invite.
    """
    allow(actor, Permission.ORGANIZING_PEOPLE, scope.chapter(chapter))
    waiting = list(
        session.scalars(
            select(Prospect)
            .where(
                Prospect.chapter_slug == chapter,
                Prospect.invited_at.is_(None),
                Prospect.email_hash.is_not(None),
            )
            .order_by(Prospect.id)
            .with_for_update()
        )
    )
    if not waiting:
        raise Conflict(msg("Everybody here with an email address has been invited."))
    fanout = notify.enqueue_many(
        session,
        now=now,
        ref=f"invite:{chapter}"[:80],
        kind="invite",
        template="organizing/invite",
        lane=Lane.NEWS,
        expires_at=now + INVITATION_LASTS,
        recipients=list(_invitations(waiting, now, site)),
        secret=True,
    )
    session.flush()
    audit.record(
        session,
        actor=actor,
        now=now,
        act="organizing.invite",
        subject=f"chapter/{chapter}",
        n=fanout.written,
    )
    return fanout


def _invitations(waiting: list[Prospect], now: datetime, site: str) -> Iterator[Recipient]:
    for one in waiting:
        token = new_token()
        one.token_hash, one.invited_at = hashed(token), now
        one.erase_at = min(now + KEPT_INVITED, one.added_at + KEPT_UNASKED)
        yield Recipient(
            outbox_name(one.id),
            Channel.EMAIL,
            str(one.email),
            one.language,
            one.zone,
            {"name": one.name, "source": one.source, "link": f"{site}/invited/{token}"},
        )


def outbox_name(prospect_id: str) -> str:
    """Return how the outbox calls a prospect, who is no member."""
    return f"prospect:{prospect_id}"


def by_token(session: Session, token: str) -> Prospect | None:
    """Return whom an invitation was sent to, None for an address that is no longer good."""
    return session.scalar(select(Prospect).where(Prospect.token_hash == hashed(token)))


def decline_invitation(session: Session, *, token: str, now: datetime) -> None:
    """Forget who was invited, at their own word; raises NotFound for an address that is no longer good."""
    found = by_token(session, token)
    if found is None:
        raise NotFound(msg("This invitation is no longer there. What we had of you is erased."))
    forget(session, found, now)


def forget(session: Session, prospect: Prospect, now: datetime) -> None:
    """Erase a prospect, with every message waiting for them."""
    notify.forget_member(session, now=now, member_id=outbox_name(prospect.id))
    session.delete(prospect)
    session.flush()


def erase_prospect(session: Session, *, actor: Actor, prospect_id: str, now: datetime) -> None:
    """Erase a prospect who asked for it or is a mistake; raises NotFound for one of elsewhere."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    found = session.get(Prospect, prospect_id)
    if found is None or not scope.sees(actor, found.chapter_slug):
        raise NotFound(msg("There is no such person on our lists."))
    slug = found.chapter_slug
    forget(session, found, now)
    audit.record(session, actor=actor, now=now, act="organizing.erase_prospect", subject=f"chapter/{slug}")


def keep_draft(
    session: Session, *, actor: Actor, content: bytes, source: str, chapter: str, now: datetime
) -> str:
    """Keep an uploaded list, sealed, for an hour between dry run and yes; return its id. Raises Invalid."""
    text = decode(content)
    plan_list(session, actor=actor, text=text, source=source, chapter=chapter, now=now)
    draft = ListDraft(
        id=new_id(), owner_id=str(actor.member_id), at=now, content=text, source=source, chapter_slug=chapter
    )
    session.add(draft)
    session.flush()
    return draft.id


def draft_text(session: Session, *, actor: Actor, draft_id: str, now: datetime) -> tuple[str, str, str]:
    """Return an uploaded list, its source and chapter to who brought it.

    Raises NotFound, also after an hour.
    """
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    draft = session.get(ListDraft, draft_id)
    if draft is None or draft.owner_id != actor.member_id or draft.at < now - DRAFT_LASTS:
        raise NotFound(msg("This upload is no longer there. Upload the file again."))
    return draft.content, draft.source, draft.chapter_slug


def import_draft(session: Session, *, actor: Actor, draft_id: str, now: datetime, skip_bad: bool) -> Plan:
    """Import an uploaded list and forget the upload; raises NotFound, Conflict."""
    text, source, chapter = draft_text(session, actor=actor, draft_id=draft_id, now=now)
    plan = import_list(
        session, actor=actor, text=text, source=source, chapter=chapter, now=now, skip_bad=skip_bad
    )
    drop_draft(session, actor=actor, draft_id=draft_id)
    return plan


def drop_draft(session: Session, *, actor: Actor, draft_id: str) -> None:
    """Forget an uploaded list."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    draft = session.get(ListDraft, draft_id)
    if draft is not None and draft.owner_id == actor.member_id:
        session.delete(draft)
        session.flush()
