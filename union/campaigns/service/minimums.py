"""Pledges of a round by the many: whose counts, what each asks for, and what is written back.

Private minimums are opened here alone, for measuring and settling; no other module asks for them.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

from sqlalchemy import LargeBinary, delete, exists, func, select, type_coerce, update
from sqlalchemy.orm import Session

from union.campaigns import tipping
from union.campaigns.models import SEALED_AS, Campaign, Pledge
from union.core.db import table_of
from union.core.errors import NotFound
from union.core.sealing import vault
from union.members import queries as members

_BATCH = 5_000


def differences(session: Session, campaign: Campaign) -> tuple[list[str], list[str], int]:
    """Return whose pledge counts from now, whose no longer does, and how many count then."""
    here = Pledge.campaign_id == campaign.id
    unit = members.eligible_ids(campaign.platform_slug).subquery()
    # NOT IN reads the whole unit again for every pledge on PostgreSQL once it is larger than work_mem.
    in_unit = exists().where(unit.c.id == Pledge.member_id)
    ids = select(Pledge.member_id).where(here)
    came = list(session.scalars(ids.where(in_unit, Pledge.verified.is_(False))))
    went = list(session.scalars(ids.where(~in_unit, Pledge.verified.is_(True))))
    verified = session.scalar(select(func.count()).select_from(Pledge).where(here, Pledge.verified)) or 0
    return came, went, verified + len(came) - len(went)


def forget(session: Session, campaign: Campaign, ids: Iterable[str]) -> None:
    """Delete the pledges of those among `ids` who left the union, minimum and all."""
    for member in ids:
        try:
            members.actor_of(session, member)
        except NotFound:
            session.execute(
                delete(Pledge).where(Pledge.campaign_id == campaign.id, Pledge.member_id == member)
            )


def recount(session: Session, campaign: Campaign) -> None:
    """Set the kept numbers to what an index scan counts."""
    here = select(func.count()).select_from(Pledge).where(Pledge.campaign_id == campaign.id)
    campaign.pledged_count = session.scalar(here) or 0
    campaign.verified_count = session.scalar(here.where(Pledge.verified.is_(True))) or 0


def mark(session: Session, campaign: Campaign, ids: Iterable[str], **values: bool | None) -> None:
    """Set columns of the pledges of `ids`, some thousand a statement."""
    for batch in _batches(ids):
        session.execute(
            update(Pledge)
            .where(Pledge.campaign_id == campaign.id, Pledge.member_id.in_(batch))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def opened(
    session: Session, campaign: Campaign, after: str = "", limit: int | None = None
) -> Iterator[tuple[str, int, bool]]:
    """Open the minimums, as whole numbers of people, with whether each counts.

    after, limit: only so many, in order of id. Rows come as they are stored and are opened here: at a
    million, mapping each would take most of the time. They come some thousand at once: PostgreSQL's driver
    would hold all of them.
    """
    stored = table_of(Pledge).c
    query = select(stored.member_id, type_coerce(stored.at_least, LargeBinary), stored.verified).where(
        stored.campaign_id == campaign.id, stored.at_least.is_not(None)
    )
    if limit is not None:
        query = query.where(stored.member_id > after).order_by(stored.member_id).limit(limit)
    unseal, purpose = vault().open, SEALED_AS

    # Few different minimums are asked for, however many ask.
    @cache
    def people(text: str) -> int:
        return tipping.Minimum.parse(text).resolve(campaign.unit)

    for part in session.execute(query, execution_options={"yield_per": _BATCH}).partitions():
        for member, sealed, verified in part:
            yield member, people(unseal(sealed, purpose)), bool(verified)
