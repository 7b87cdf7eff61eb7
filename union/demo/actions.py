"""The demo's action: planned, tested, and armed by two organizers."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from union.actions import service as acting
from union.actions.rules.kits import KITS
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.core.db import transaction
from union.demo import arc
from union.demo.seed import ZONE, People, Seed
from union.notify import service as notify


def arm(seed: Seed, slug: str, platform: str, who: People, *, starts_in: timedelta) -> str:
    """Plan, test and arm an action some minutes away, by two organizers."""
    starts = (seed.now + starts_in).replace(second=0, microsecond=0)
    local = starts.astimezone(ZoneInfo(ZONE))
    kit = KITS[Kind.LOG_OFF]
    with transaction() as session:
        notify.beat(session, now=seed.now, process="scheduler")
        organizer = seed.actor(session, who.organizers[0])
        action = acting.draft(
            session,
            actor=organizer,
            now=seed.now,
            campaign_slug=slug,
            plan=Plan(
                kind=Kind.LOG_OFF,
                title="Two hours offline, together",
                summary="We log off at the same moment, so that the company sees what it is without us.",
                targets=(platform,),
                before=kit.before,
                steps=kit.steps,
                wall_start=f"{local:%Y-%m-%dT%H:%M}",
                wall_end=f"{local + timedelta(hours=2):%Y-%m-%dT%H:%M}",
                zone=ZONE,
                floor=10,
                briefing=24 * 60,
                decision=2,
                to_act=1,
                sms_route="desk",
                chase=60,
            ),
        )
        acting.schedule(session, actor=organizer, now=seed.now, slug=action)
    arc.plan_a_vote(seed, action, who)
    with transaction() as session:
        for one in who.organizers:
            acting.send_test(session, actor=seed.actor(session, one), now=seed.now, slug=action)
    seed.deliver(seed.now)
    with transaction() as session:
        acting.arm(session, actor=seed.actor(session, who.organizers[0]), now=seed.now, slug=action)
        acting.confirm(session, actor=seed.actor(session, who.organizers[1]), now=seed.now, slug=action)
    return action
