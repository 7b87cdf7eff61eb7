"""Demands: members propose, amend, endorse and rank; organizers decide; everything leaves a public line.

Words that pledges rest on are frozen by hash and can no longer be amended.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from union.campaigns import ranking, rules
from union.campaigns.models import Amendment, Campaign, Demand, DemandEvent, DemandRank, Endorsement
from union.campaigns.rules import DemandStatus, Stage
from union.campaigns.service.common import locked, locked_by_id, record, stage
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow, permits

NO_DEMAND = msg("There is no such demand.")


def propose(
    session: Session, *, slug: str, actor: Actor, title: str, text: str, public: bool, now: datetime
) -> str:
    """Put a demand forward, as a draft only its author sees or at once to all members; return its id."""
    allow(actor, Permission.DEMAND_PROPOSE)
    campaign = _debating(session, slug, actor, now)
    status = DemandStatus.PROPOSED if public else DemandStatus.DRAFT
    demand = Demand(
        campaign_id=campaign.id,
        author_id=actor.member_id,
        title=title,
        text=text,
        status=status.value,
        created_at=now,
    )
    session.add(demand)
    session.flush()
    _note(session, demand, status.value, now)
    campaign.ranking_stale = True
    record(session, campaign, "demand_propose", actor=actor, now=now, demand=demand.id)
    return demand.id


def edit_demand(
    session: Session, *, demand_id: str, actor: Actor, title: str, text: str, now: datetime
) -> None:
    """Change one's own draft; what others have seen is amended instead."""
    allow(actor, Permission.DEMAND_PROPOSE)
    campaign, demand = _both(session, demand_id)
    _open(campaign, actor, now)
    if demand.author_id != actor.member_id:
        raise NotFound(NO_DEMAND)
    if demand.status != DemandStatus.DRAFT:
        raise Closed(msg("Others have read this demand: propose an amendment instead."))
    demand.title, demand.text = title, text
    demand.version += 1


def move_demand(
    session: Session,
    *,
    demand_id: str,
    actor: Actor,
    status: str,
    now: datetime,
    note: str = "",
    merged_into: str | None = None,
) -> None:
    """Give a demand another status; authors publish, take back and withdraw, organizers decide the rest.

    merged_into: the demand that takes it in, along with its endorsements.
    """
    then = DemandStatus(status)
    campaign, demand = _both(session, demand_id)
    before = DemandStatus(demand.status)
    if (before, then) in rules.AUTHOR_MOVES and demand.author_id == actor.member_id:
        allow(actor, Permission.DEMAND_PROPOSE)
        _open(campaign, actor, now)
    else:
        allow(actor, Permission.DEMAND_DECIDE)
    if stage(campaign) in rules.ENDED:
        raise Closed(rules.OVER)
    rules.demand_may(before, then)
    if demand.frozen_hash and then not in rules.PUBLIC_DEMANDS:
        raise Closed(
            msg("Members pledged on this demand: it can be negotiated, conceded or refused, not taken away.")
        )
    if then is DemandStatus.MERGED:
        _merge(session, demand, merged_into)
    demand.status = then.value
    campaign.ranking_stale = True
    _note(session, demand, then.value, now, note)
    record(
        session,
        campaign,
        "demand_move",
        actor=actor,
        now=now,
        demand=demand.id,
        before=before.value,
        then=then.value,
    )


def _merge(session: Session, demand: Demand, into: str | None) -> None:
    target = session.get(Demand, into) if into else None
    if target is None or target.id == demand.id or target.campaign_id != demand.campaign_id:
        raise Invalid(msg("Choose the demand it becomes part of."), field="merged_into")
    if DemandStatus(target.status) not in rules.OPEN_DEMANDS:
        raise Invalid(msg("That demand is not open itself; choose another."), field="merged_into")
    demand.merged_into = target.id
    there = set(session.scalars(select(Endorsement.member_id).where(Endorsement.demand_id == target.id)))
    here = session.scalars(select(Endorsement.member_id).where(Endorsement.demand_id == demand.id))
    fresh = [member for member in here if member not in there]
    session.add_all(Endorsement(demand_id=target.id, member_id=member) for member in fresh)
    target.endorsed_count += len(fresh)


def amend(
    session: Session, *, demand_id: str, actor: Actor, title: str, text: str, reason: str, now: datetime
) -> str:
    """Propose another wording of a demand; return the amendment's id. Raises Closed on frozen words."""
    allow(actor, Permission.DEMAND_PROPOSE)
    campaign, demand = _both(session, demand_id)
    _open(campaign, actor, now)
    _amendable(demand)
    if (title, text) == (demand.title, demand.text):
        raise Invalid(msg("This is the demand as it stands: change something."), field="text")
    amendment = Amendment(
        demand_id=demand.id,
        author_id=actor.member_id,
        base_version=demand.version,
        base_title=demand.title,
        base_text=demand.text,
        title=title,
        text=text,
        reason=reason,
        state="open",
        created_at=now,
    )
    session.add(amendment)
    session.flush()
    _note(session, demand, "amended", now, reason)
    record(session, campaign, "demand_amend", actor=actor, now=now, demand=demand.id)
    return amendment.id


def _amendable(demand: Demand) -> None:
    if demand.frozen_hash:
        raise Closed(msg("The words of this demand are frozen: members pledged on them."))
    if DemandStatus(demand.status) not in {DemandStatus.PROPOSED, DemandStatus.ADOPTED}:
        raise Closed(msg("This demand is not open to amendments."))


def decide_amendment(
    session: Session, *, amendment_id: str, actor: Actor, accept: bool, now: datetime
) -> str:
    """Take an amendment in, or turn it down, as the author of the demand or an organizer; return its id.

    Raises Conflict when the demand has changed since: the amendment would undo what others agreed.
    """
    allow(actor, Permission.DEMAND_PROPOSE)
    amendment = session.get(Amendment, amendment_id)
    if amendment is None:
        raise NotFound(msg("There is no such amendment."))
    campaign, demand = _both(session, amendment.demand_id)
    session.refresh(amendment)
    if demand.author_id != actor.member_id and not permits(actor, Permission.DEMAND_DECIDE):
        raise NotAllowed(msg("The author of the demand and organizers decide on amendments."))
    if amendment.state != "open":
        raise Conflict(msg("This amendment was decided already."))
    if accept:
        _amendable(demand)
        if amendment.base_version != demand.version:
            raise Conflict(
                msg("The demand has changed since. Ask for an amendment of the words as they stand now.")
            )
        demand.title, demand.text = amendment.title, amendment.text
        demand.version += 1
    amendment.state = "accepted" if accept else "declined"
    _note(session, demand, f"amendment_{amendment.state}", now)
    record(
        session, campaign, "demand_amendment", actor=actor, now=now, demand=demand.id, accepted=int(accept)
    )
    return demand.id


def take_back_amendment(session: Session, *, amendment_id: str, actor: Actor, now: datetime) -> str:
    """Take one's own amendment back while nobody has decided on it; return the id of the demand."""
    allow(actor, Permission.DEMAND_PROPOSE)
    amendment = session.get(Amendment, amendment_id)
    if amendment is None or amendment.author_id != actor.member_id:
        raise NotFound(msg("There is no such amendment."))
    campaign, demand = _both(session, amendment.demand_id)
    session.refresh(amendment)
    if amendment.state != "open":
        raise Conflict(msg("This amendment was decided already."))
    amendment.state = "taken_back"
    _note(session, demand, "amendment_taken_back", now)
    record(session, campaign, "demand_amendment_back", actor=actor, now=now, demand=demand.id)
    return demand.id


def endorse(session: Session, *, demand_id: str, actor: Actor, now: datetime) -> int:
    """Stand behind a demand, once; return how many do."""
    allow(actor, Permission.DEMAND_ENDORSE)
    campaign, demand = _both(session, demand_id)
    _open(campaign, actor, now, needs_debate=False)
    if DemandStatus(demand.status) not in rules.OPEN_DEMANDS:
        raise Closed(msg("This demand is not open."))
    if session.get(Endorsement, (demand.id, actor.member_id)) is None:
        session.add(Endorsement(demand_id=demand.id, member_id=actor.member_id))
        demand.endorsed_count += 1
        session.flush()
    return demand.endorsed_count


def withdraw_endorsement(session: Session, *, demand_id: str, actor: Actor, now: datetime) -> int:
    """Stand behind a demand no longer; return how many do."""
    allow(actor, Permission.DEMAND_ENDORSE)
    campaign, demand = _both(session, demand_id)
    _open(campaign, actor, now, needs_debate=False)
    mine = session.get(Endorsement, (demand.id, actor.member_id))
    if mine is not None:
        session.delete(mine)
        demand.endorsed_count -= 1
        session.flush()
    return demand.endorsed_count


def rank(session: Session, *, slug: str, actor: Actor, order: Sequence[str], now: datetime) -> None:
    """Keep the member's order of demands, most wanted first; an empty order takes it back."""
    allow(actor, Permission.DEMAND_ENDORSE)
    campaign = locked(session, slug)
    _open(campaign, actor, now, needs_debate=False)
    known = set(session.scalars(open_demand_ids(campaign.id)))
    if len(set(order)) != len(order) or not known.issuperset(order):
        raise Invalid(msg("The list of demands has changed. Look at it again and put it in your order."))
    mine = (DemandRank.campaign_id == campaign.id, DemandRank.member_id == actor.member_id)
    session.execute(delete(DemandRank).where(*mine))
    session.add_all(
        DemandRank(campaign_id=campaign.id, member_id=actor.member_id, demand_id=demand, position=place)
        for place, demand in enumerate(order, start=1)
    )
    campaign.ranking_stale = True
    session.flush()


def open_demand_ids(campaign_id: str) -> Select[str]:
    """Select the ids of demands that members may rank, oldest first."""
    return (
        select(Demand.id)
        .where(Demand.campaign_id == campaign_id, Demand.status.in_([s.value for s in rules.OPEN_DEMANDS]))
        .order_by(Demand.created_at, Demand.id)
    )


def stale_rankings(session: Session) -> list[str]:
    """Return the slugs of campaigns in which somebody's order has changed since it was counted."""
    return list(session.scalars(select(Campaign.slug).where(Campaign.ranking_stale.is_(True))))


def refresh_ranking(session: Session, *, slug: str, actor: Actor, now: datetime) -> bool:
    """Count the members' orders again when one has changed: a job's work. Tell whether one had."""
    del now
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    if not campaign.ranking_stale:
        return False
    demands = list(session.scalars(open_demand_ids(campaign.id)))
    lists: dict[str, list[str]] = {}
    rows = session.execute(
        select(DemandRank.member_id, DemandRank.demand_id)
        .where(DemandRank.campaign_id == campaign.id)
        .order_by(DemandRank.member_id, DemandRank.position)
    )
    for member, demand in rows:
        lists.setdefault(member, []).append(demand)
    groups = ranking.order(demands, ranking.pairs(lists.values(), demands)) if lists else []
    campaign.ranking = {"lists": len(lists), "groups": groups}
    campaign.ranking_stale = False
    return True


def _debating(session: Session, slug: str, actor: Actor, now: datetime) -> Campaign:
    campaign = locked(session, slug)
    _open(campaign, actor, now)
    return campaign


def _open(campaign: Campaign, actor: Actor, now: datetime, *, needs_debate: bool = True) -> None:
    """Let pass while the campaign is not over and, where needed, its debate still runs."""
    if stage(campaign) in rules.ENDED:
        raise Closed(rules.OVER)
    if (
        stage(campaign) is Stage.DRAFT
        and campaign.debate_until is None
        and not permits(actor, Permission.CAMPAIGN_PLAN)
    ):
        raise NotFound(msg("There is no such campaign."))
    if needs_debate and campaign.debate_until is not None and now >= campaign.debate_until:
        raise Closed(msg("The debate on demands has ended."))


def _both(session: Session, demand_id: str) -> tuple[Campaign, Demand]:
    """Return the demand and its campaign, the campaign locked first so that verbs never cross."""
    campaign_id = session.scalar(select(Demand.campaign_id).where(Demand.id == demand_id))
    if campaign_id is None:
        raise NotFound(NO_DEMAND)
    campaign = locked_by_id(session, campaign_id)
    return campaign, session.get_one(Demand, demand_id, populate_existing=True)


def _note(session: Session, demand: Demand, kind: str, now: datetime, note: str = "") -> None:
    session.add(DemandEvent(demand_id=demand.id, at=now, kind=kind, note=note))
