"""The key ceremony of threshold trustees: three steps, each on the trustees' own devices.

We route messages and check what can be checked; nobody goes a step ahead, because each step needs everybody's
last one. What a trustee must remember it sends to itself, encrypted; the private parts never come here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import holders
from union.ballots.crypto import ceremony
from union.ballots.crypto.canonical import compact, read_json
from union.ballots.crypto.complaint import check_complaint
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Group
from union.ballots.crypto.pedersen import Certificate, read_certificate
from union.ballots.models import Ballot, BallotTrustee, CeremonyComplaint, CeremonyMessage
from union.ballots.service import board, keys, words
from union.ballots.service.refusals import Refusal, ceremony_refusal
from union.core.actor import Actor
from union.core.errors import Closed, Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class StepTaken:
    """A trustee's message is in. step: where the ceremony is, 4 when it is over; waiting: for how many."""

    step: int
    waiting: int


@dataclass(frozen=True)
class Halted:
    """A complaint is proven: the share that `accused` sent does not fit. Only beginning again helps."""

    accused: str


@dataclass(frozen=True)
class _Course:
    """The ceremony as it stands. sent: by trustee, the records of the steps that are in."""

    ballot: Ballot
    group: Group
    members: tuple[BallotTrustee, ...]
    sent: tuple[tuple[bytes, ...], ...]

    @property
    def step(self) -> int:
        return holders.step_at([len(records) for records in self.sent])

    def of_step(self, step: int) -> list[bytes]:
        return [records[step - 1] for records in self.sent]

    def certificates(self) -> tuple[Certificate, ...]:
        return ceremony.read_certificates(self.group, self.of_step(1), self.ballot.threshold or 0)

    def polynomials(self, certs: Sequence[Certificate]) -> list[ceremony.Polynomial]:
        return [
            ceremony.read_polynomial(self.group, certs, n, record)
            for n, record in enumerate(self.of_step(2), start=1)
        ]


def _course(session: Session, ballot: Ballot) -> _Course:
    """Return the ceremony of a locked ballot. Raises Closed or Conflict when it is not the time for one."""
    board.require(ballot, *keys.KEYS_CAN_COME)
    if ballot.threshold is None:
        raise Conflict(msg("Every trustee of this ballot makes a key alone; there is no ceremony."))
    session.flush()
    members = tuple(seat for seat in board.seats(session, ballot) if seat.member_id is not None)
    rows = session.scalars(
        select(CeremonyMessage).where(CeremonyMessage.ballot_id == ballot.id).order_by(CeremonyMessage.step)
    ).all()
    sent = tuple(tuple(bytes(m.content) for m in rows if m.position == seat.position) for seat in members)
    return _Course(ballot, board.group_of(ballot), members, sent)


def submit_step(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    number: int,
    step: int,
    text: str,
    public_url: str,
) -> StepTaken | Refusal:
    """Take what a trustee sends in a step of ceremony `number`; with everybody's, go on and tell the others.

    text: the exact compact JSON. Sent again, what is in changes nothing. Returns a Refusal, already counted,
    when a check does not hold. Raises NotAllowed for somebody who is no trustee of this ballot, Conflict for
    another message of the same step, a step whose turn it is not, or an earlier ceremony, Closed while a
    complaint halts the ceremony.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.locked(session, slug)
    seat = keys.seat_of(session, ballot, actor)
    course = _course(session, ballot)
    mine = course.sent[seat.position - 1]
    record = text.encode()
    if number == ballot.ceremony and 1 <= step <= len(mine) and mine[step - 1] == record:
        return _standing(course)
    _require_turn(session, course, number, step, len(mine))
    try:
        _check(course, seat.position, step, record)
    except Refused as refused:
        board.count_refusal(session, ballot, refused.check)
        return ceremony_refusal(refused)
    session.add(
        CeremonyMessage(
            ballot_id=ballot.id, position=seat.position, step=step, content=record, received_at=now
        )
    )
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.ceremony_step",
        subject=f"ballot/{ballot.slug}",
        ceremony=number,
        step=step,
    )
    course = _course(session, ballot)
    if course.step > step:
        _go_on(session, course, now, public_url)
    return _standing(course)


def _standing(course: _Course) -> StepTaken:
    return StepTaken(course.step, sum(len(records) < course.step for records in course.sent))


def _require_turn(session: Session, course: _Course, number: int, step: int, sent: int) -> None:
    if number != course.ballot.ceremony:
        raise Conflict(msg("The ceremony began again meanwhile. Load the page anew; old parts are void."))
    if 1 <= step <= sent:
        raise Conflict(msg("You sent another message in this step already. Each step is done once."))
    if step != sent + 1 or step != course.step:
        raise Conflict(msg("It is not the turn of this step: the ceremony waits for other trustees."))
    if halted(session, course.ballot):
        raise Closed(msg("The ceremony is halted: a share did not fit. The organizer begins it again."))


def halted(session: Session, ballot: Ballot) -> bool:
    """Tell whether a proven complaint stops the ceremony."""
    query = select(CeremonyComplaint.accused).where(CeremonyComplaint.ballot_id == ballot.id)
    return session.scalars(query).first() is not None


def _check(course: _Course, index: int, step: int, record: bytes) -> None:
    """Check a message as far as we can. Raises Refused with the name of what does not hold."""
    if compact(read_json(record, Check.TRUSTEES_FORM)) != record:
        raise Refused(Check.TRUSTEES_FORM, "the message is not written in its one canonical form")
    group = course.group
    if step == 1:
        _check_certificate(course, index, record)
        return
    certs = course.certificates()
    if step == 2:  # noqa: PLR2004 - the second step
        sent = ceremony.read_polynomial(group, certs, index, record)
        for envelope in (sent.polynomial, *sent.secrets):
            ceremony.read_envelope(group, envelope)
        return
    made = ceremony.read_voutput(group, certs, course.polynomials(certs), index, record)
    ceremony.read_envelope(group, made.private_key)


def _check_certificate(course: _Course, index: int, record: bytes) -> None:
    cert = read_certificate(course.group, read_json(record, Check.TRUSTEES_FORM))
    if cert.context != (len(course.members), course.ballot.threshold, index):
        raise Refused(Check.TRUSTEE_CERTIFICATE, "the certificate was made for another ceremony or trustee")
    for records in course.sent:
        if records and {str(cert.verification), str(cert.encryption)} & _points(course.group, records[0]):
            raise Refused(Check.TRUSTEE_CERTIFICATE, "another trustee has this key")


def _points(group: Group, record: bytes) -> set[str]:
    other = read_certificate(group, read_json(record))
    return {str(other.verification), str(other.encryption)}


def _go_on(session: Session, course: _Course, now: datetime, public_url: str) -> None:
    """Everybody has done a step: tell all that the next one is theirs, or put the key together."""
    ballot = course.ballot
    if course.step <= holders.STEPS:
        ballot.duty_since, ballot.trustees_reminded_at = now, None
        keys.tell(
            session,
            ballot,
            now=now,
            public_url=public_url,
            template=f"trustee_step{course.step}",
            kind=f"step-{course.step}",
            page="/key",
        )
        return
    certs = course.certificates()
    polynomials = course.polynomials(certs)
    made = [
        ceremony.read_voutput(course.group, certs, polynomials, n, record)
        for n, record in enumerate(course.of_step(3), start=1)
    ]
    ballot.block = compact(ceremony.assemble(course.group, certs, polynomials, made).json())
    for seat, one in zip(course.members, made, strict=True):
        key = {"pok": one.key.pok.json(), "public_key": str(one.key.public_key)}
        seat.public_key, seat.submitted_at = compact(key).decode(), now
    keys.complete(session, ballot, now, public_url)


def complain(
    session: Session, *, actor: Actor, now: datetime, slug: str, number: int, text: str, public_url: str
) -> Halted | Refusal:
    """Take a trustee's proof that a share it got does not fit: the ceremony halts, the sender is named.

    Returns a Refusal, already counted, when the complaint is not proven. Raises Conflict in another step.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.locked(session, slug)
    seat = keys.seat_of(session, ballot, actor)
    course = _course(session, ballot)
    stored = session.get(CeremonyComplaint, (ballot.id, seat.position))
    if stored is not None:
        return Halted(course.members[stored.accused - 1].name)
    if number != ballot.ceremony or course.step != holders.STEPS:
        raise Conflict(msg("Shares are checked in the third step only."))
    certs = course.certificates()
    try:
        accused = check_complaint(
            course.group, certs, course.polynomials(certs), seat.position, text.encode()
        )
    except Refused as refused:
        board.count_refusal(session, ballot, refused.check)
        return ceremony_refusal(refused)
    name = course.members[accused - 1].name
    session.add(
        CeremonyComplaint(
            ballot_id=ballot.id,
            position=seat.position,
            accused=accused,
            content=text.encode(),
            received_at=now,
        )
    )
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.ceremony_halted",
        subject=f"ballot/{ballot.slug}",
        accused=accused,
        complains=seat.position,
    )
    words.tell_organizer(
        session,
        ballot,
        now=now,
        kind=f"trustee-halted-{ballot.ceremony}",
        template="ceremony_halted",
        expires_at=max(ballot.closes_at, now + words.USEFUL),
        common={"title": ballot.title, "name": name, "link": words.address(public_url, ballot, "/run")},
    )
    return Halted(name)
