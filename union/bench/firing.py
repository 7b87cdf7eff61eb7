"""How late an action's start is, by the real scheduler process."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from union.actions import service as acting
from union.actions.rules.kits import KITS
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.audit import queries as audit
from union.bench.figures import Figure, fresh, quantile
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.demo import running, seed
from union.demo.story import wall
from union.demo.texts import CAMPAIGNS
from union.notify import service as notify

COUNT = 40
APART = timedelta(seconds=1)


def run(folder: Path) -> list[Figure]:
    """Arm actions a second apart and see when the scheduler starts each."""
    settings = replace(fresh(folder), public_url="http://127.0.0.1:1")
    told = seed.Seed(settings, lambda _text: None)
    who = told.fill_register()
    story = next(s for s in CAMPAIGNS if s.stage == "acting")
    slug = told.campaign(story, who.organizers[0])
    told.pledge(slug, story.platform, 1.0, story.days_ago)
    told.settle(slug, told.now)
    told.mandate(slug, who)
    first = utcnow().replace(microsecond=0) + timedelta(seconds=60)
    planned = {_arm(told, slug, who, first + n * APART): first + n * APART for n in range(COUNT)}
    scheduler = running.start_scheduler(running.environment(settings))
    try:
        time.sleep(max(0.0, (first + COUNT * APART - utcnow()).total_seconds()) + 3)
    finally:
        running.stop([scheduler])
    late = [(_started(action) - at).total_seconds() * 1000 for action, at in planned.items()]
    return [
        Figure(f"start of {COUNT} actions, each to every member: late by, median", quantile(late, 0.5), "ms"),
        Figure("late by, p99", quantile(late, 0.99), "ms"),
    ]


def _arm(told: seed.Seed, campaign: str, who: seed.People, starts: datetime) -> str:
    kit = KITS[Kind.LOG_OFF]
    with transaction() as session:
        notify.beat(session, now=utcnow(), process="scheduler")
        organizers = [told.actor(session, one) for one in who.organizers]
        action = acting.draft(
            session,
            actor=organizers[0],
            now=told.now,
            campaign_slug=campaign,
            plan=Plan(
                kind=Kind.LOG_OFF,
                title="Offline",
                summary="Offline.",
                targets=("uber",),
                before=kit.before,
                steps=kit.steps,
                wall_start=wall(starts),
                wall_end=wall(starts + timedelta(hours=1)),
                zone=seed.ZONE,
                floor=1,
                briefing=60,
                decision=0,
                to_act=0,
                sms_route="desk",
            ),
        )
        acting.schedule(session, actor=organizers[0], now=told.now, slug=action)
        for organizer in organizers:
            acting.send_test(session, actor=organizer, now=told.now, slug=action)
    told.deliver(told.now)
    with transaction() as session:
        now = utcnow()
        acting.arm(session, actor=told.actor(session, who.organizers[0]), now=now, slug=action)
        acting.confirm(session, actor=told.actor(session, who.organizers[1]), now=now, slug=action)
    return action


def _started(action: str) -> datetime:
    with reading() as session:
        entries = audit.newest(session, subject=f"action/{action}")
    return next(e.at for e in entries if e.act == "action.fire")
