"""Campaigns with a mandate and planned actions for tests, made through the models and the service."""

from datetime import timedelta
from itertools import count

from tests.factories.members import make_member
from tests.factories.platforms import make_platform
from union.actions import service
from union.actions.rules.plan import Plan
from union.actions.rules.states import Choice, Kind, Mode
from union.campaigns.models import Campaign, Mandate, Pledge
from union.core.actor import Role
from union.core.ids import new_id
from union.members import queries as members
from union.notify import service as notify
from union.notify.models import Outbox

SITE = "https://unie.example"
NO_NOTICE = {"id": "simple-majority", "jurisdiction": "internal", "action_notice": None}
_numbers = count(1)


def make_campaign(
    session,
    now,
    *,
    called=(),
    mandate=True,
    rule=NO_NOTICE,
    months_left=6,
    platform="rijder",
    unit=None,
    granted_at=None,
):
    """Make a settled campaign, with a mandate that lasts `months_left` times thirty days, and return its slug."""
    n = next(_numbers)
    make_platform(session, platform)
    campaign = Campaign(
        id=new_id(),
        slug=f"eerlijk-loon-{n}",
        platform_slug=platform,
        stage="mandated" if mandate else "tipped",
        title="Geen data zonder loon",
        demand="Een vaste prijs per duizend gegevens.",
        summary="Wij maken de gegevens.",
        zone="Europe/Amsterdam",
        unit=unit or 100,
        goal=50,
        threshold=10,
        pledge_text="Ik doe mee",
        pledge_hash="0" * 64,
        pledge_deadline=now - timedelta(days=20),
        created_at=now - timedelta(days=60),
        published_at=now - timedelta(days=50),
        settled_at=now - timedelta(days=20),
        called_count=len(called),
        pledged_count=len(called),
        verified_count=len(called),
    )
    session.add(campaign)
    session.flush()
    for member_id in called:
        session.add(Pledge(campaign_id=campaign.id, member_id=member_id, verified=True, called=True))
    if mandate:
        make_mandate(session, campaign.id, now, rule=rule, months_left=months_left, granted_at=granted_at)
    session.flush()
    return campaign.slug


def make_mandate(session, campaign_id, now, *, rule=NO_NOTICE, months_left=6, granted_at=None, until=None):
    """Give a campaign a mandate that lasts `months_left` times thirty days, or until an instant."""
    session.add(
        Mandate(
            campaign_id=campaign_id,
            ballot_slug=f"stemming-{next(_numbers)}",
            granted_at=granted_at or now - timedelta(days=10),
            expires_at=until or now + timedelta(days=30 * months_left),
            rule=rule,
            counts=[["yes", 70], ["no", 10]],
            cast=80,
            eligible=100,
        )
    )
    session.flush()


def make_organizer(session, **facts):
    """Make an organizer reachable by email and text and return the actor."""
    facts = {"sms": True, "roles": [Role.ORGANIZER], "platforms": ["rijder"], **facts}
    return members.actor_of(session, make_member(session, **facts))


def make_called(session, n, **facts):
    """Make members with the platform, reachable by text, and return their ids."""
    facts = {"sms": True, "platforms": ["rijder"], **facts}
    return [make_member(session, **facts) for _ in range(n)]


def plan(**facts):
    """Return a plan for tomorrow at 18:00 in Amsterdam, two hours long, floor five."""
    return Plan(
        **{
            "kind": Kind.LOG_OFF,
            "title": "Samen uit",
            "summary": "Om zes uur gaan we allemaal uit.",
            "targets": ("rijder",),
            "before": ("Rond je rit af.",),
            "steps": ("Ga offline.", "Blijf offline."),
            "wall_start": "2026-11-24T18:00",
            "wall_end": "2026-11-24T20:00",
            "zone": "Europe/Amsterdam",
            "floor": 5,
            "mode": Mode.INSTANT,
            "sms_route": "desk",
            **facts,
        }
    )


def heartbeat(session, now):
    """Let the scheduler have ticked at `now`."""
    notify.beat(session, now=now, process="scheduler")
    session.flush()


def hand_over(session):
    """Mark whatever waits in the outbox as handed over."""
    for row in session.query(Outbox).filter(Outbox.state == "created"):
        row.state = "accepted"
    session.flush()


def make_scheduled(session, now, *, actor, campaign, **facts):
    """Plan an action up to being scheduled and return its slug."""
    slug = service.draft(session, actor=actor, now=now, campaign_slug=campaign, plan=plan(**facts))
    service.schedule(session, actor=actor, now=now, slug=slug)
    return slug


def make_armed(session, now, *, first, second, campaign, **facts):
    """Plan an action up to being armed by two organizers and return its slug."""
    slug = make_scheduled(session, now, actor=first, campaign=campaign, **facts)
    arm(session, now, slug, first, second)
    return slug


def arm(session, now, slug, first, second):
    """Let two organizers sign."""
    heartbeat(session, now)
    for actor in (first, second):
        service.send_test(session, actor=actor, now=now, slug=slug)
    hand_over(session)
    service.arm(session, actor=first, now=now, slug=slug)
    service.confirm(session, actor=second, now=now, slug=slug)


def join(session, slug, member_ids, now):
    """Let members say that they are in."""
    for member_id in member_ids:
        actor = members.actor_of(session, member_id)
        service.choose(session, actor=actor, now=now, slug=slug, choice=Choice.IN, site=SITE)
