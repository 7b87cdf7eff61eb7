"""The register as a file: a dry run that names every bad row, the import, and the export with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import LANGUAGES, msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.core.zones import is_zone
from union.members.models import Affiliation, Chapter, ImportDraft, Member, MemberRole
from union.members.rules import register_file
from union.members.rules.contact import Reach, country_of, email, mobile
from union.members.rules.limits import IMPORT_DRAFT_LASTS
from union.members.rules.membership import Proof, State, tidy_name
from union.members.rules.register_file import COLUMNS, Bad, Known, Register, Row
from union.members.service.membership import tidy_reason
from union.members.service.people import find, give_vouch_code, hash_of, known_chapter
from union.platforms import queries as platforms

EXPORT_COLUMNS = (*COLUMNS, "roles", "joined")
_IMPORTED_CONSENT = "imported register: asked for SMS"
_BATCH = 5_000


@dataclass(frozen=True)
class Plan:
    """What an import would do. known: lines of people who are members already and stay as they are."""

    new: tuple[Row, ...]
    known: tuple[int, ...]
    bad: tuple[Bad, ...]
    ignored: tuple[str, ...]


def plan_import(session: Session, *, actor: Actor, text: str) -> Plan:
    """Return what importing `text` would do, writing nothing; raises Invalid when it is no register."""
    allow(actor, Permission.MEMBER_IMPORT)
    chapters = session.execute(select(Chapter.slug, Chapter.name)).all()
    known = Known(
        chapters={word.casefold(): slug for slug, name in chapters for word in (slug, name)},
        platforms=frozenset(platforms.slugs(session)),
    )
    return _plan(session, register_file.read(text, known))


def _plan(session: Session, register: Register) -> Plan:
    owners = _owners(session, register.rows)
    new: list[Row] = []
    there: list[int] = []
    bad = list(register.bad)
    for row in register.rows:
        found = {owners[hashed] for hashed in _hashes(row) if hashed in owners}
        if any(state == State.LEFT for _, state in found):
            bad.append(Bad(row.line, "", Invalid(msg("This person has left the union."))))
        elif len(found) > 1:
            bad.append(
                Bad(row.line, "", Invalid(msg("The email address and the number are of two members.")))
            )
        elif found:
            there.append(row.line)
        else:
            new.append(row)
    return Plan(tuple(new), tuple(there), tuple(sorted(bad, key=lambda b: b.line)), register.ignored)


def _hashes(row: Row) -> list[bytes]:
    pairs = ((Reach.EMAIL, row.email), (Reach.SMS, row.phone))
    return [hash_of(reach, address) for reach, address in pairs if address]


def _owners(session: Session, rows: Iterable[Row]) -> dict[bytes, tuple[str, str]]:
    """Return keyed hash of an address → (id, state) of the member who has it."""
    hashes = [hashed for row in rows for hashed in _hashes(row)]
    owners: dict[bytes, tuple[str, str]] = {}
    for start in range(0, len(hashes), _BATCH):
        batch = hashes[start : start + _BATCH]
        for column in (Member.email_hash, Member.phone_hash):
            for hashed, *owner in session.execute(
                select(column, Member.id, Member.state).where(column.in_(batch))
            ):
                owners[bytes(hashed or b"")] = (owner[0], owner[1])
    return owners


def import_register(
    session: Session,
    *,
    actor: Actor,
    text: str,
    now: datetime,
    skip_bad: bool = False,
    confirmed: bool = False,
) -> Plan:
    """Write the new people of `text` down and return what was done; people who are members stay as they are.

    confirmed: the union knows that the addresses are theirs; else each is confirmed by its first sign-in.
    Raises Invalid when it is no register, Conflict when rows are bad and `skip_bad` is not given.
    """
    plan = plan_import(session, actor=actor, text=text)
    if plan.bad and not skip_bad:
        raise Conflict(msg("%(n)s rows are bad; nothing was imported."), n=len({b.line for b in plan.bad}))
    people = [(_member(row, now, confirmed=confirmed), row) for row in plan.new]
    session.add_all(member for member, _ in people)
    session.flush()
    session.add_all(
        Affiliation(member_id=member.id, platform_slug=slug, kind=kind.value)
        for member, row in people
        for slug, kind in row.platforms
    )
    session.flush()
    if plan.new:
        audit.record(
            session,
            actor=actor,
            now=now,
            act="members.import",
            subject="members/register",
            new=len(plan.new),
            known=len(plan.known),
            bad=len(plan.bad),
            confirmed=confirmed,
        )
    return plan


def _member(row: Row, now: datetime, *, confirmed: bool) -> Member:
    sure = now if confirmed else None
    member = Member(
        id=new_id(),
        state=row.state.value,
        name=row.name,
        language=row.language,
        zone=row.zone,
        chapter_slug=row.chapter,
        applied_at=now,
        joined_at=None if row.state == State.APPLICANT else now,
        verified_by=None if row.state == State.APPLICANT else Proof.IMPORTED.value,
    )
    if row.email:
        member.email, member.email_hash = row.email, hash_of(Reach.EMAIL, row.email)
        member.email_confirmed_at = sure
    if row.phone:
        member.phone, member.phone_hash = row.phone, hash_of(Reach.SMS, row.phone)
        member.phone_confirmed_at = sure
        if row.sms:
            member.sms_opt_in_at, member.sms_opt_in_text = now, _IMPORTED_CONSENT
    if row.state == State.APPLICANT:
        give_vouch_code(member)
    return member


def create_member(
    session: Session,
    *,
    actor: Actor,
    name: str,
    now: datetime,
    address: str = "",
    phone: str = "",
    chapter: str | None = None,
    language: str = "en",
    zone: str = "Europe/Amsterdam",
    state: State = State.ACTIVE,
) -> str:
    """Write one person down whose addresses the union knows to be theirs; return the id.

    Raises Invalid for an address that cannot be one or none at all, Conflict for one that a member has.
    """
    allow(actor, Permission.MEMBER_IMPORT)
    if language not in LANGUAGES:
        raise Invalid(msg("Choose a language from the list."), field="language")
    if not is_zone(zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=zone)
    row = Row(
        line=0,
        name=tidy_name(name),
        email=email(address) if address else "",
        phone=mobile(phone, country_of(zone)) if phone else "",
        state=state,
        chapter=known_chapter(session, chapter),
        language=language,
        zone=zone,
    )
    if not row.email and not row.phone:
        raise Invalid(msg("Give an email address or a mobile number; one is enough."), field="email")
    for reach, known in ((Reach.EMAIL, row.email), (Reach.SMS, row.phone)):
        if known and find(session, reach, known) is not None:
            raise Conflict(msg("A member has that address already."), field="email")
    member = _member(row, now, confirmed=True)
    session.add(member)
    session.flush()
    audit.record(session, actor=actor, now=now, act="members.create", subject=f"member/{member.id}")
    return member.id


def export_register(session: Session, *, actor: Actor, reason: str, now: datetime) -> str:
    """Return everybody who has not left as CSV, oldest application first, and note who took it and why.

    Raises Invalid (field reason) without a reason.
    """
    allow(actor, Permission.MEMBER_EXPORT)
    why = tidy_reason(reason)
    held: dict[str, list[str]] = {}
    for member_id, role in session.execute(select(MemberRole.member_id, MemberRole.role)):
        held.setdefault(member_id, []).append(role)
    work: dict[str, list[str]] = {}
    for entry in session.scalars(select(Affiliation).order_by(Affiliation.platform_slug, Affiliation.kind)):
        work.setdefault(entry.member_id, []).append(f"{entry.platform_slug}:{entry.kind}")
    members = session.scalars(
        select(Member).where(Member.state != State.LEFT.value).order_by(Member.applied_at, Member.id)
    )
    rows = [_exported(member, held, work) for member in members]
    audit.record(
        session,
        actor=actor,
        now=now,
        act="members.export",
        subject="members/register",
        rows=len(rows),
        reason=audit.Words(why),
    )
    return register_file.write(rows, EXPORT_COLUMNS)


def _exported(member: Member, held: dict[str, list[str]], work: dict[str, list[str]]) -> dict[str, str]:
    return {
        "name": member.name or "",
        "email": member.email or "",
        "phone": member.phone or "",
        "state": member.state,
        "chapter": member.chapter_slug or "",
        "language": member.language,
        "zone": member.zone,
        "platforms": " ".join(work.get(member.id, ())),
        "sms": "yes" if member.sms_opt_in_at else "no",
        "roles": " ".join(sorted(held.get(member.id, ()))),
        "joined": f"{member.joined_at:%Y-%m-%d}" if member.joined_at else "",
    }


def keep_draft(session: Session, *, actor: Actor, content: bytes, now: datetime) -> str:
    """Keep an uploaded file, sealed, for an hour between dry run and yes; return its id. Raises Invalid."""
    allow(actor, Permission.MEMBER_IMPORT)
    text = register_file.decode(content)
    plan_import(session, actor=actor, text=text)
    draft = ImportDraft(id=new_id(), officer_id=str(actor.member_id), at=now, content=text)
    session.add(draft)
    session.flush()
    return draft.id


def draft_text(session: Session, *, actor: Actor, draft_id: str, now: datetime) -> str:
    """Return an uploaded file to the officer who brought it; raises NotFound, also after its hour."""
    allow(actor, Permission.MEMBER_IMPORT)
    draft = session.get(ImportDraft, draft_id)
    if draft is None or draft.officer_id != actor.member_id or draft.at < now - IMPORT_DRAFT_LASTS:
        raise NotFound(msg("This upload is no longer there. Upload the file again."))
    return draft.content


def import_draft(
    session: Session, *, actor: Actor, draft_id: str, now: datetime, skip_bad: bool, confirmed: bool
) -> Plan:
    """Import an uploaded file and forget it; raises NotFound, Conflict."""
    text = draft_text(session, actor=actor, draft_id=draft_id, now=now)
    plan = import_register(session, actor=actor, text=text, now=now, skip_bad=skip_bad, confirmed=confirmed)
    drop_draft(session, actor=actor, draft_id=draft_id)
    return plan


def drop_draft(session: Session, *, actor: Actor, draft_id: str) -> None:
    """Forget an uploaded file."""
    allow(actor, Permission.MEMBER_IMPORT)
    draft = session.get(ImportDraft, draft_id)
    if draft is not None and draft.officer_id == actor.member_id:
        session.delete(draft)
        session.flush()


def wipe_drafts(session: Session, *, now: datetime) -> int:
    """Forget uploaded files after their hour."""
    old = list(session.scalars(select(ImportDraft).where(ImportDraft.at < now - IMPORT_DRAFT_LASTS)))
    for draft in old:
        session.delete(draft)
    session.flush()
    return len(old)
