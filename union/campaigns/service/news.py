"""News in an organizer's own words: posted, edited with every version kept, taken back and restored.

News by email waits ten minutes in the outbox, so that taking it back stops it.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.campaigns import rules
from union.campaigns.models import Campaign, CampaignUpdate, UpdateVersion
from union.campaigns.rules import Stage
from union.campaigns.service import following
from union.campaigns.service.common import locked, record, stage, tell
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.notify import service as notify
from union.notify.rules.kinds import Lane

_USEFUL_FOR = timedelta(days=3)
_KIND = "campaign_news"


def add_update(
    session: Session,
    *,
    slug: str,
    actor: Actor,
    title: str,
    text: str,
    now: datetime,
    mail: bool = False,
    public_url: str = "",
) -> int:
    """Post news to the timeline and the feed, and by email to those who follow; return its id.

    public_url: our address, needed with `mail` for the links.
    """
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    if stage(campaign) is Stage.DRAFT:
        raise Closed(msg("Publish the campaign before you post news about it."))
    line = tell(session, campaign, "news", now=now, title=title, text=text)
    line.mailed = mail
    session.flush()
    if mail:
        _mail(session, campaign, line, public_url, now)
    record(session, campaign, "update", actor=actor, now=now, update=line.id, mailed=int(mail))
    return line.id


def _ref(line: CampaignUpdate) -> str:
    return f"news:{line.id}:{line.version}"


def _mail(session: Session, campaign: Campaign, line: CampaignUpdate, public_url: str, now: datetime) -> None:
    at = now + rules.NEWS_WAITS
    words: dict[str, str | int] = {
        "campaign": campaign.title,
        "title": line.title,
        "text": line.text,
        "link": f"{public_url}/campaigns/at/{campaign.id}",
    }
    notify.enqueue_many(
        session,
        now=now,
        ref=_ref(line),
        kind=_KIND,
        template="campaigns/news",
        lane=Lane.NEWS,
        not_before=at,
        expires_at=at + _USEFUL_FOR,
        recipients=following.recipients(session, campaign, site=public_url, words=words),
    )


def edit_update(
    session: Session,
    *,
    slug: str,
    update_id: int,
    actor: Actor,
    title: str,
    text: str,
    now: datetime,
    public_url: str,
) -> None:
    """Change the words of a piece of news; the earlier ones stay readable.

    Emails that still wait get the new words; those that left are not sent again.
    """
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    line = _news(session, campaign, update_id)
    if (title, text) == (line.title, line.text):
        raise Invalid(msg("These are the words as they stand: change something."), field="text")
    session.add(
        UpdateVersion(
            update_id=line.id,
            version=line.version,
            at=line.edited_at or line.at,
            title=line.title,
            text=line.text,
        )
    )
    waiting = notify.cancel(session, now=now, ref=_ref(line)) if line.mailed else 0
    line.title, line.text, line.edited_at = title, text, now
    line.version += 1
    session.flush()
    if waiting:
        _mail(session, campaign, line, public_url, now)
    record(session, campaign, "update_edit", actor=actor, now=now, update=line.id, version=line.version)


def take_back_update(session: Session, *, slug: str, update_id: int, actor: Actor, now: datetime) -> int:
    """Take news off the page and the feed; return how many emails it stopped. `restore_update` undoes it."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    line = _news(session, campaign, update_id)
    line.taken_back_at = line.taken_back_at or now
    stopped = notify.cancel(session, now=now, ref=_ref(line)) if line.mailed else 0
    record(session, campaign, "update_take_back", actor=actor, now=now, update=line.id, stopped=stopped)
    return stopped


def restore_update(session: Session, *, slug: str, update_id: int, actor: Actor, now: datetime) -> None:
    """Put news back that was taken back; stopped emails stay stopped."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    line = _news(session, campaign, update_id)
    line.taken_back_at = None
    record(session, campaign, "update_restore", actor=actor, now=now, update=line.id)


def _news(session: Session, campaign: Campaign, update_id: int) -> CampaignUpdate:
    line = session.scalar(
        select(CampaignUpdate)
        .where(
            CampaignUpdate.id == update_id,
            CampaignUpdate.campaign_id == campaign.id,
            CampaignUpdate.kind == "news",
        )
        .execution_options(populate_existing=True)
    )
    if line is None:
        raise NotFound(msg("There is no such news."))
    return line
