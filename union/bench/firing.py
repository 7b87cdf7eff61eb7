"""How late actions start, by real scheduler processes of which two die on the way."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from union.actions import service as acting
from union.actions.rules.kits import KITS
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.audit import queries as audit
from union.bench.figures import Figure, fresh, load, quantile, timed
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.settings import Settings
from union.demo import joining, rounds, running, seed, votes
from union.demo.story.stage import wall
from union.demo.texts import CAMPAIGNS
from union.notify import service as notify

COUNT = 120
APART = timedelta(milliseconds=500)
SCHEDULERS = 3
DOWN = (COUNT // 3, 2 * COUNT // 3)
"""Before which starts a scheduler dies, by SIGKILL."""
AFTER = timedelta(seconds=5)


def run(folder: Path) -> list[Figure]:
    """Arm actions two a second, run three schedulers and kill two of them; see when each action starts."""
    settings = replace(fresh(folder), public_url="http://127.0.0.1:1")
    told = seed.Seed(settings, lambda _text: None)
    planned = _plan(told)
    deaths = _let_run(settings, min(planned.values()))
    late = [(at, (_started(action) - at).total_seconds() * 1000) for action, at in planned.items()]
    every = [ms for _, ms in late]
    after = [ms for at, ms in late if any(-APART <= at - died <= AFTER for died in deaths)]
    starts = [at + timedelta(milliseconds=ms) for at, ms in late]
    take_over = max(min(at - died for at in starts if at > died) for died in deaths)
    what = f"{COUNT} starts, each once, {SCHEDULERS} schedulers, two killed"
    return [
        Figure(f"{what}: late by, median", quantile(every, 0.5), "ms"),
        Figure("late by, p99", quantile(every, 0.99), "ms", 50, "the goal", higher=False),
        Figure("late by, the worst within five seconds of a death", max(after), "ms"),
        Figure(
            "from a death to the next start, at most",
            take_over.total_seconds(),
            "s",
            2,
            "the goal",
            higher=False,
        ),
        load(),
    ]


def _plan(told: seed.Seed) -> dict[str, datetime]:
    """Arm the actions, far enough ahead for a busy machine; return when each starts."""
    who = joining.join(told)
    story = next(s for s in CAMPAIGNS if s.stage == "acting")
    slug = rounds.publish(told, story, who.organizers[0])
    rounds.pledge(told, slug, story.platform, 1.0, story.days_ago)
    rounds.settle(told, slug, told.now)
    votes.mandate(told, slug, who)
    one = timed(lambda: _arm(told, slug, who, utcnow() + timedelta(hours=5)))
    first = utcnow().replace(microsecond=0) + timedelta(seconds=30 + ceil(2 * one * COUNT))
    planned = {}
    for n in range(COUNT):
        starts = first + n // 2 * 2 * APART  # local times have whole seconds: two start together
        planned[_arm(told, slug, who, starts)] = starts
    if utcnow() > first - timedelta(seconds=10):
        raise RuntimeError("arming took too long: the machine is busy")
    return planned


def _let_run(settings: Settings, first: datetime) -> list[datetime]:
    """Run schedulers until the last start has passed, killing two on the way; return when they died."""
    schedulers = [running.start_scheduler(running.environment(settings)) for _ in range(SCHEDULERS)]
    deaths = []
    try:
        for n, victim in zip(DOWN, schedulers, strict=False):
            time.sleep(max(0.0, (first + n * APART - utcnow()).total_seconds() - 0.05))
            victim.popen.kill()
            deaths.append(utcnow())
        time.sleep(max(0.0, (first + COUNT * APART - utcnow()).total_seconds()) + 3)
    finally:
        running.stop(schedulers)
    return deaths


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
                wall_start=wall(starts, seed.ZONE),
                wall_end=wall(starts + timedelta(hours=1), seed.ZONE),
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
    fired = [e.at for e in entries if e.act == "action.fire"]
    if len(fired) != 1:
        raise RuntimeError(f"{action} started {len(fired)} times")
    return fired[0]
