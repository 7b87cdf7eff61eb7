"""What organizers see before they arm an action: who would be told when, by which way, and what is missing.

Messages that are written and those that are only foreseen have the same recipients in the same order.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.actions import standing
from union.actions.models import Action
from union.actions.rules import notice, pacing, readiness, windows
from union.actions.rules.reach import Reach, reach
from union.actions.rules.states import VoteState
from union.ballots import queries as ballots
from union.members import queries as members
from union.members.queries import Contact
from union.notify import queries as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient, foresee, notified_among


def recipients(
    session: Session,
    action: Action,
    contacts: Sequence[Contact],
    planned: tuple[windows.Window, ...],
    *,
    site: str,
    own_start: bool,
    zones: Collection[str] | None = None,
) -> Iterator[Recipient]:
    """Give what each gets, those first whose start is first, and then those whom nothing but a text reaches.

    Texts leave one after the other: where not all fit, those go without who have it by email or notification
    as well. own_start: of no use after the member's own start. zones: only of these windows.
    """
    notified = notified_among(session, [one.member_id for one in contacts])
    shared: dict[tuple[str, str], dict[str, str | int]] = {}
    here = {zone: windows.window_of(planned, zone) for zone in {one.zone for one in contacts}}

    def turn(one: Contact) -> tuple[datetime, bool]:
        return here[one.zone].starts_at, bool(one.email) or one.member_id in notified

    for one in sorted(contacts, key=turn):
        window, key = here[one.zone], (one.language, one.zone)
        if zones is not None and window.zone not in zones:
            continue
        fields = shared.get(key)
        if fields is None:
            fields = shared[key] = standing.fields_of(action, window, *key, site)
        for channel, address in _ways(one, notified):
            yield Recipient(
                one.member_id, channel, address, one.language, one.zone, fields,
                expires_at=window.starts_at if own_start else None,
            )  # fmt: skip


def _ways(one: Contact, notified: Collection[str]) -> Iterable[tuple[Channel, str]]:
    """Return the addresses of a member; who has no other is notified where their browsers show it."""
    ways = [(Channel.SMS, one.phone)] if one.sms_ok and one.phone else []
    if one.email:
        ways.append((Channel.EMAIL, one.email))
    if not ways and one.member_id in notified:
        return [(Channel.PUSH, "")]
    return ways


def reach_of(
    session: Session,
    contacts: Sequence[Contact],
    action: Action,
    *,
    now: datetime,
    site: str = standing.ANYWHERE,
    lifted: bool = False,
) -> Reach | None:
    """Return when these members know, if the briefing goes out as planned; None when there is nobody.

    lifted: as if the union were not on trial.
    """
    if not contacts:
        return None
    begins_at = max(now, action.briefing_at)
    planned = standing.windows_of(session, action, {one.zone for one in contacts})
    foreseen = foresee(
        session,
        now=begins_at,
        template=standing.BRIEFING,
        lane=Lane.ALERT,
        expires_at=action.starts_at,
        recipients=recipients(session, action, contacts, planned, site=site, own_start=True),
        per_second=pacing.stagger(action.sms_route),
        lifted=lifted,
    )
    return reach(
        foreseen,
        [one.member_id for one in contacts],
        route=action.sms_route,
        begins_at=begins_at,
        starts_at=action.starts_at,
        to_act=timedelta(minutes=action.to_act),
        starts={window.zone: window.starts_at for window in planned},
    )


def facts(
    session: Session,
    action: Action,
    *,
    now: datetime,
    asking: str | None = None,
    site: str = standing.ANYWHERE,
    contacts: Sequence[Contact] | None = None,
) -> readiness.Facts:
    """Return what the action's readiness is judged by.

    asking: the organizer who looks or signs. site: the public address links in texts begin with. contacts: of
    all who take part, where the caller has them already.
    """
    if contacts is None:
        contacts = members.contacts(session, standing.audience(session, action))
    beat = notify.heartbeat(session, standing.SCHEDULER)
    signers = {one for one in (action.armed_by, asking) if one}
    return readiness.Facts(
        now=now,
        starts_at=action.starts_at,
        zone=action.zone,
        mandate=standing.mandate_facts(session, action),
        notice=notice.notice_of(action.mandate_rule or {}, action.place),
        notice_given_at=action.notice_given_at,
        floor=action.floor,
        committed=len(contacts),
        roll=standing.roll(session, action),
        armed_by=action.armed_by,
        confirmed_by=action.confirmed_by,
        asking=asking,
        tested=standing.tested(session, action, signers),
        heartbeat_at=beat.at if beat else None,
        clock_off=beat.offset if beat else timedelta(0),
        reach=reach_of(session, contacts, action, now=now, site=site),
        votes=tuple(
            (row.title, ballots.keys_missing(session, row.ballot_slug))
            for row in standing.votes(session, action)
            if row.state is VoteState.PLANNED
        ),
        trial=notify.on_trial(session),
    )
