"""Campaigns for tests: made through the service where its rules matter, through the model where only a row is needed."""

import json
from dataclasses import replace
from datetime import timedelta

from tests.conftest import NOW
from tests.factories.members import make_member
from tests.factories.platforms import make_platform
from union.campaigns import service
from union.campaigns.models import Campaign, Demand, Mandate
from union.campaigns.service import Draft
from union.core.actor import SYSTEM, Actor, Role
from union.members import queries as members
from union.notify.models import Outbox

DRAFT = Draft(
    platform_slug="rijder",
    title="No data without pay",
    demand="Rijder pays riders for the data they make.",
    summary="Every ride trains their model.",
    reasons="The contract of June gave them a licence for ever.",
    pledge_text="From the agreed hour I stop sharing my trips for two days.",
    unit=600,
    goal=600,
    threshold=3,
    pledge_deadline=NOW + timedelta(days=7),
    zone="Europe/Amsterdam",
)


def draft(**facts):
    """Return a draft with some facts changed."""
    return replace(DRAFT, **facts)


def make_campaign(session, *, now=NOW, stage="gathering", slug=None, **facts):
    """Make a campaign and return its slug: gathering unless told otherwise; later stages are set on the row."""
    written = draft(**facts)
    make_platform(session, written.platform_slug)
    made = service.create(session, actor=SYSTEM, now=now, draft=written)
    if stage != "draft":
        service.publish(session, slug=made, actor=SYSTEM, now=now)
    row = session.query(Campaign).filter_by(slug=made).one()
    if slug:
        row.slug = slug
    if stage not in {"draft", "gathering"}:
        row.stage, row.settled_at, row.called_count = stage, now, row.threshold
    session.flush()
    return row.slug


def row_of(session, slug):
    """Return the campaign's row, fresh."""
    session.flush()
    session.expire_all()
    return session.query(Campaign).filter_by(slug=slug).one()


def actor(session, **facts):
    """Make a member of the platform and return the actor."""
    facts.setdefault("platforms", ("rijder",))
    return members.actor_of(session, make_member(session, **facts))


def organizer(session, **facts):
    """Make an organizer and return the actor."""
    return actor(session, roles=(Role.ORGANIZER,), **facts)


def pledge_all(session, slug, minimums, *, now=NOW, **facts):
    """Let one new member a minimum pledge; return their ids in the same order."""
    ids = []
    for minimum in minimums:
        member = actor(session, **facts)
        service.pledge(session, slug=slug, actor=member, at_least=minimum, now=now)
        ids.append(member.member_id)
    return ids


def make_demand(
    session, slug, *, status="adopted", title="Pay per thousand points", text="A fixed price.", author=None
):
    """Make a demand of a campaign and return its id."""
    row = row_of(session, slug)
    demand = Demand(
        campaign_id=row.id,
        title=title,
        text=text,
        status=status,
        created_at=NOW,
        author_id=author.member_id if isinstance(author, Actor) else None,
    )
    session.add(demand)
    session.flush()
    return demand.id


def make_mandate(session, slug, *, now=NOW, lasts=timedelta(days=180), **facts):
    """Give a campaign a mandate and put it in its stage; return the ballot's slug."""
    row = row_of(session, slug)
    facts = {
        "ballot_slug": f"vote-{slug}"[:80],
        "granted_at": now,
        "expires_at": now + lasts,
        "rule": {"name": "Simple"},
        "counts": [["Yes", 30], ["No", 10], ["Abstain", 0]],
        "cast": 40,
        "eligible": 50,
        **facts,
    }
    session.add(Mandate(campaign_id=row.id, **facts))
    row.stage, row.ballot_slug, row.settled_at = "mandated", facts["ballot_slug"], now
    row.called_count = row.called_count or row.threshold
    session.flush()
    return facts["ballot_slug"]


def visitor(device="198.51.100.7", language="en"):
    """Return somebody at a device of their own."""
    return service.Visitor(device=device, language=language, site="http://localhost")


def sign(session, slug, email, *, now=NOW, name="Sanne Visser", **facts):
    """Let somebody sign and not confirm; return the id under which the code is asked for."""
    device = facts.pop("device", f"device of {email}")
    language = facts.pop("language", "en")
    paper = facts.pop("paper", False)
    return service.sign(
        session,
        slug=slug,
        visitor=visitor(device, language),
        signer=service.Signer(name=name, email=email, **facts),
        now=now,
        paper=paper,
    )


def yes_token(session, challenge_id):
    """Return the token of the link that was sent for a challenge, read from the waiting email."""
    session.flush()
    row = session.query(Outbox).filter_by(ref=f"challenge:{challenge_id}").one()
    return json.loads(row.sealed)["fields"]["link"].rpartition("/")[2]


def signed(session, slug, email, *, now=NOW, **facts):
    """Let somebody sign and confirm; return the token of their own page."""
    token = yes_token(session, sign(session, slug, email, now=now, **facts))
    return service.confirm_by_link(session, token=token, now=now).own.rpartition("/")[2]


def make_petition(session, *, kind="petition", now=NOW, **facts):
    """Make a published campaign that gathers signatures, and return its slug."""
    facts = {"goal": 100, "unit": 100, "threshold": 80, "pledge_text": "We ask Rijder for our data.", **facts}
    return make_campaign(session, kind=kind, now=now, **facts)
