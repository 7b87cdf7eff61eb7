"""What the front page, the member's page and the console show, composed from the rooms below.

Owns no table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.actions import queries as actions
from union.actions.queries import ActionCard
from union.actions.rules.states import State as ActionState
from union.audit import queries as audit
from union.audit.queries import Entry
from union.ballots import queries as ballots
from union.ballots.queries import BallotCard
from union.bargaining import queries as bargaining
from union.campaigns import queries as campaigns
from union.campaigns.queries import CampaignCard
from union.campaigns.rules import Stage
from union.core.actor import VISITOR, Actor, Role
from union.core.permissions import Permission, allow, permits
from union.home import beginning
from union.home.agenda import Task, ranked, steps_of
from union.members import queries as members
from union.members.rules.membership import State as MemberState
from union.notify import queries as notify
from union.notify.queries import Heartbeat, Overview
from union.organizing import queries as organizing
from union.organizing.queries import TaskCard
from union.platforms import queries as platforms

AWAKE = timedelta(seconds=60)
FRONT = 6
AUDIT_PAGE = 50
SHOWN_FIRST = (
    Stage.ACTING,
    Stage.GATHERING,
    Stage.BALLOT,
    Stage.MANDATED,
    Stage.BARGAINING,
    Stage.TIPPED,
    Stage.FELL_SHORT,
    Stage.WON,
    Stage.CLOSED,
)


@dataclass(frozen=True)
class FrontPage:
    """What everybody sees first. members: how many are active; None below ten, which would tell too much."""

    campaigns: tuple[CampaignCard, ...]
    members: int | None
    won: int


def front_page(session: Session) -> FrontPage:
    """Return the campaigns that run, the most urgent first."""
    listed = campaigns.listing(session)
    order = {stage: n for n, stage in enumerate(SHOWN_FIRST)}
    cards = sorted(listed, key=lambda card: order.get(card.stage, len(order)))
    active = members.count_active(session)
    return FrontPage(
        tuple(card for card in cards if card.ended_at is None)[:FRONT],
        active if active >= 10 else None,  # noqa: PLR2004 - the union's smallest cell
        sum(1 for card in listed if card.stage is Stage.WON),
    )


@dataclass(frozen=True)
class MinePage:
    """A member's own page: one list of what to do now, then what they are in.

    vouch_code: for an applicant.
    """

    tasks: tuple[Task, ...]
    actions: tuple[ActionCard, ...]
    name: str
    active: bool
    vouch_code: str | None
    vouches: int
    vouches_needed: int


def mine(session: Session, actor: Actor, now: datetime) -> MinePage:
    """Return what waits for the member, the most urgent first."""
    member_id = str(actor.member_id)
    account = members.account(session, actor=actor)
    own = actions.mine(session, member_id, now) if actor.active else []
    tasks = ranked(
        actions=own,
        ballots=ballots.waiting_for(session, member_id, now),
        duties=ballots.duties(session, member_id),
        campaigns=campaigns.waiting_for(session, member_id, now) if actor.active else [],
        applicant=account.state == MemberState.APPLICANT,
        tasks=organizing.waiting_for(session, actor=actor),
        promises=bargaining.overdue(session, actor, now) if actor.active else (),
        calling=organizing.my_lists(session, actor=actor, now=now),
        email_fails=notify.fails(session, member_id=member_id),
    )
    return MinePage(
        tasks,
        tuple(own),
        account.name,
        actor.active,
        account.vouch_code,
        account.vouches,
        account.vouches_needed,
    )


@dataclass(frozen=True)
class ConsolePage:
    """The organizers' page.

    campaigns: each with its next step. awake: the scheduler ticked within a minute.
    clock_off: some process ticks by a clock ahead of ours.
    beginning: for officers of a union that is not set up yet.
    """

    campaigns: tuple[tuple[CampaignCard, str], ...]
    ballots: tuple[BallotCard, ...]
    actions: tuple[ActionCard, ...]
    applicants: int
    active: int
    replies: int
    overview: Overview
    heartbeats: tuple[Heartbeat, ...]
    awake: bool
    clock_off: bool
    audit: bool
    tasks: tuple[TaskCard, ...]
    trial: bool
    beginning: tuple[beginning.Begun, ...]


def console(session: Session, actor: Actor, now: datetime) -> ConsolePage:
    """Return what organizers look after; raises NotAllowed for others."""
    allow(actor, Permission.CONSOLE_READ)
    listed = ballots.listing(session, actor, now)
    running = {card.slug: card for card in (*listed.needs_me, *listed.running, *listed.coming)}
    counts = members.register_page(session, actor=actor).counts
    beats = notify.heartbeats(session)
    over = {ActionState.DEBRIEFED, ActionState.CANCELLED}
    return ConsolePage(
        campaigns=tuple(
            (card, steps_of(card))
            for card in campaigns.listing(session, actor=actor)
            if card.ended_at is None
        ),
        ballots=tuple(sorted(running.values(), key=lambda card: card.closes_at)),
        actions=tuple(card for card in actions.listing(session) if card.state not in over),
        applicants=counts.get(MemberState.APPLICANT, 0),
        active=counts.get(MemberState.ACTIVE, 0),
        replies=len(notify.inbox(session)),
        overview=notify.overview(session, now=now, limit=8),
        heartbeats=beats,
        awake=any(beat.process == "scheduler" and beat.awake(now, AWAKE) for beat in beats),
        clock_off=any(beat.ahead(now) for beat in beats),
        audit=permits(actor, Permission.AUDIT_READ),
        tasks=organizing.waiting_for(session, actor=actor),
        trial=notify.on_trial(session),
        beginning=_beginning(session) if permits(actor, Permission.ROLE_GRANT) else (),
    )


def _beginning(session: Session) -> tuple[beginning.Begun, ...]:
    return beginning.steps(
        {
            "platforms": platforms.count(session),
            "chapters": len(members.chapters(session)),
            "members": members.count_active(session),
            "organizers": len(members.organizers(session)),
            "trustees": len(members.with_role(session, Role.TRUSTEE)),
            "campaigns": len(campaigns.listing(session)),
        }
    )


@dataclass(frozen=True)
class AuditPage:
    """A page of the log, newest first.

    names: actor → name. older: the height to go on below; None at its end.
    """

    entries: tuple[Entry, ...]
    names: dict[str, str]
    older: int | None


def audit_page(session: Session, actor: Actor, *, before: int | None, subject: str) -> AuditPage:
    """Return entries below height `before`, about `subject` where one is given; raises NotAllowed."""
    allow(actor, Permission.AUDIT_READ)
    found = audit.newest(session, before=before, subject=subject or None, limit=AUDIT_PAGE + 1)
    entries = tuple(found[:AUDIT_PAGE])
    names = members.display_names(session, {entry.actor_id for entry in entries if entry.actor_id})
    return AuditPage(entries, names, entries[-1].height if len(found) > AUDIT_PAGE else None)


def verifiable(session: Session, now: datetime) -> tuple[BallotCard, ...]:
    """Return the decided ballots anybody may check, the latest first."""
    return tuple(card for card in ballots.listing(session, VISITOR, now).done if card.state == "concluded")
