"""Roof: the alarm clock. One process that asks every room, every second, what has come due.

Rows hold the truth and a conditional update fires each due thing once, so a second scheduler anywhere is
harmless and takes over at its next tick. APScheduler keeps only in-memory jobs here: nothing to lose, nothing
shared between processes. The web never starts one.
"""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import FrameType

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from union.app import ROOMS
from union.core.clock import utcnow
from union.core.db import fold_log, installed, transaction
from union.core.outage import Seldom, outage
from union.core.settings import Settings
from union.notify import jobs as sending
from union.notify import service as notify

log = logging.getLogger(__name__)

PROCESS = "scheduler"
HORIZON = timedelta(seconds=10)
FOLD_EVERY = 60
FOLD_TRIES = 10
OFF = timedelta(milliseconds=100)
Job = Callable[[datetime, Settings], int]
NextDue = Callable[[datetime], datetime | None]


def jobs() -> list[tuple[str, int, Job]]:
    """Return (room.name, seconds between runs, function) of every room's jobs."""
    found: list[tuple[str, int, Job]] = []
    for room in ROOMS:
        if find_spec(f"union.{room}.jobs") is None:
            continue
        listed = import_module(f"union.{room}.jobs").JOBS
        found += [(f"{room}.{name}", seconds, job) for name, seconds, job in listed]
    return found


def wakers() -> list[tuple[str, NextDue, Job]]:
    """Return (room, when its next moment is, what to run then) of every room that must be on time."""
    found = []
    for room in ROOMS:
        if find_spec(f"union.{room}.jobs") is None:
            continue
        jobs_of_room = import_module(f"union.{room}.jobs")
        if hasattr(jobs_of_room, "WAKE"):
            found.append((room, *jobs_of_room.WAKE))
    return found


def set_alarms(scheduler: BackgroundScheduler, settings: Settings) -> None:
    """Wake for the next moment of each room to the millisecond; the tick each second is the safety net."""
    now = utcnow()
    for room, next_due, job in wakers():
        at = next_due(now)
        if at is not None and at - now <= HORIZON:
            name = f"{room}.alarm"
            scheduler.add_job(
                partial(run_job, name, job, settings), "date", run_date=at, id=name, replace_existing=True
            )


def run_job(name: str, job: Job, settings: Settings) -> None:
    """Run one job now; what it did is logged, what it raised goes to the listener."""
    done = job(utcnow(), settings)
    if done:
        log.info("%s: %d", name, done)


def beat() -> None:
    """Write the heartbeat row that the console and the arming gate look at, and how far our clock is off."""
    with transaction() as session:
        before = utcnow()
        there = notify.database_clock(session)
        after = utcnow()
        offset = notify.certain_offset(before, there, after)
        notify.beat(session, now=after, process=PROCESS, offset=offset)
    if abs(offset) > OFF:
        log.error("this machine's clock is %d ms off the database's", offset.total_seconds() * 1000)


def fold() -> None:
    """Leave no log on disk that tells which rows were written together, for longer than a minute."""
    for _ in range(FOLD_TRIES):
        if fold_log(installed().engine):
            return
        sending.stopping.wait(1)  # let whoever reads finish, and writers through
    log.warning("the database's log could not be folded: somebody reads without an end")


def build(settings: Settings) -> BackgroundScheduler:
    """Return a scheduler with all jobs, not yet started."""
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    found = jobs()
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(len(found) + 4)},
        # Late is better than never: the rows decide whether there is still something to do.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    scheduler.add_job(beat, "interval", seconds=1, id="heartbeat", next_run_time=utcnow())
    scheduler.add_job(fold, "interval", seconds=FOLD_EVERY, id="fold", next_run_time=utcnow())
    scheduler.add_job(
        partial(set_alarms, scheduler, settings), "interval", seconds=1, id="alarms", next_run_time=utcnow()
    )
    for name, seconds, job in found:
        scheduler.add_job(
            partial(run_job, name, job, settings),
            "interval",
            seconds=seconds,
            id=name,
            name=name,
            next_run_time=utcnow(),
        )
    scheduler.add_listener(Told(), EVENT_JOB_ERROR)
    return scheduler


class Told:
    """Logs what jobs raise; an outage of the database once a minute, whichever job met it."""

    def __init__(self) -> None:
        self._worth_a_line = Seldom()

    def __call__(self, event: JobExecutionEvent) -> None:
        """Log a failure."""
        trouble = outage(event.exception)
        if trouble is None:
            failed = type(event.exception).__name__
            log.error("job %s failed: %s", event.job_id, failed, exc_info=event.exception)
        elif self._worth_a_line(trouble):
            log.error("the database %s: job %s is tried again, as are others", trouble, event.job_id)


def run_forever(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; finish what is running, then return."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        sending.stopping.set()
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    scheduler = build(settings)
    scheduler.start()
    log.info("scheduler started with %d jobs", len(scheduler.get_jobs()))
    stop.wait()
    scheduler.shutdown(wait=True)
