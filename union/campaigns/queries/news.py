"""A piece of a campaign's news as its page shows it, with every version of its words."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.campaigns import wording
from union.campaigns.models import (
    CampaignUpdate,
    UpdateVersion,
)
from union.campaigns.queries.signing import public_campaign
from union.core.errors import NotFound
from union.core.i18n import msg


@dataclass(frozen=True)
class UpdatePage:
    """A piece of news with every version of its words. steps: (version, since, title, text), newest first."""

    id: int
    at: datetime
    title: str
    text: str
    version: int
    mailed: bool
    taken_back: bool
    steps: list[tuple[int, datetime, list[wording.Piece], list[wording.Piece]]]


def update_page(session: Session, slug: str, update_id: int) -> UpdatePage:
    """Return a piece of news and how its words changed; raises NotFound."""
    row = public_campaign(session, slug)
    line = session.get(CampaignUpdate, update_id)
    if line is None or line.campaign_id != row.id or line.kind != "news":
        raise NotFound(msg("There is no such news."))
    earlier = session.scalars(
        select(UpdateVersion).where(UpdateVersion.update_id == line.id).order_by(UpdateVersion.version)
    )
    words = [(one.version, one.at, one.title, one.text) for one in earlier]
    words.append((line.version, line.edited_at or line.at, line.title, line.text))
    before = [(words[0][2], words[0][3]), *((title, text) for _v, _at, title, text in words)]
    steps = [
        (version, at, wording.compare(old[0], title), wording.compare(old[1], text))
        for (version, at, title, text), old in zip(words, before, strict=False)
    ]
    return UpdatePage(
        id=line.id,
        at=line.at,
        title=line.title,
        text=line.text,
        version=line.version,
        mailed=line.mailed,
        taken_back=line.taken_back_at is not None,
        steps=steps[::-1],
    )
