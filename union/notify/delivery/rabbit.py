"""Workers on several machines: Celery on RabbitMQ. The only module that knows either.

A task carries a channel and nothing else: "claim up to a hundred due messages and send them". Quorum queues
survive a broker node; a task is acknowledged when it is done, so one whose worker died comes again and finds
that its rows are taken. No results, no beat: the scheduler is the clock and the rows are the truth.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from amqp.exceptions import AMQPError
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_process_init, worker_ready, worker_shutdown
from celery.worker.consumer import Consumer
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from union.core.clock import stopwatch
from union.notify.delivery.claim import BATCH
from union.notify.delivery.engine import Health, Line, Patience, Unreachable, Work
from union.notify.rules.kinds import Channel

log = logging.getLogger(__name__)

TASK: Final = "union.deliver"
BEAT: Final = 2.0
SOFT, HARD = 210, 240
"""Seconds after which a chunk is asked to end, and is ended. Its rows' leases of 180 ran out before that."""
PATIENCE: Final = 60.0
"""Seconds without a chunk taken after which workers are thought to hang, though they stay connected."""
ANSWER: Final = 5.0
"""Seconds to wait for the broker's word: short of memory or disk it takes what is published and is silent."""
REST: Final = 15.0
"""Seconds until a broker is asked again that did not answer: each question costs time to send in."""
_GONE = (OperationalError, AMQPError, OSError)
_QUORUM = {"x-queue-type": "quorum"}


class Silent(Unreachable):
    """The broker does not answer, or no more."""


def brief(record: logging.LogRecord) -> bool:
    """Keep of a broken line what happened, not where in the libraries: a filter of log records."""
    if record.exc_info and isinstance(record.exc_info[1], _GONE):
        record.exc_info = None
    return True


class Undelayed(Consumer):
    """Celery's consumer without the 28 queues for delayed tasks that it makes beside quorum queues."""

    class Blueprint(Consumer.Blueprint):
        """The steps of starting to consume."""

        default_steps = tuple(
            step for step in Consumer.Blueprint.default_steps if "delayed_delivery" not in str(step)
        )


def queue_of(channel: Channel) -> str:
    """Return the name of a channel's queue: a slow mail relay must not hold up texts."""
    return f"union.{channel.value}"


def application(url: str) -> Celery:
    """Return Celery as we want it; connects to nothing yet."""
    made = Celery("union", broker=url, set_as_current=False)
    made.conf.update(
        task_queues=[Queue(queue_of(channel), durable=True, queue_arguments=_QUORUM) for channel in Channel],
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        timezone="UTC",
        enable_utc=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_soft_time_limit=SOFT,
        task_time_limit=HARD,
        broker_transport_options={"confirm_publish": True},
        broker_connection_timeout=4,
        broker_heartbeat=30,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_publish_retry=False,
        worker_consumer=f"{__name__}:{Undelayed.__name__}",
        # Nobody steers workers or listens to them over the broker: fewer doors.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # Killing a sender because the broker went away would leave its messages in doubt.
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    return made


class Rabbit:
    """Announces chunks, and runs workers that take them."""

    def __init__(self, url: str, work: Work) -> None:
        self._work = work
        self._app = application(url)
        self._app.task(self._chunk, name=TASK)
        self._moved: dict[Channel, tuple[float, int, int]] = {}
        self._patience = Patience(work.stop)
        self._rests_until: dict[Channel, float] = {}

    def _chunk(self, channel: str) -> None:
        """Send a chunk. What an outage leaves undone is announced anew when the scheduler sees it again."""
        try:
            with self._patience():
                log.info("%s: %d", channel, self._work.send(Channel(channel), BATCH))
        except SoftTimeLimitExceeded:
            log.error("%s: gave a chunk up after %d s; what it had in hand is looked up", channel, SOFT)  # noqa: TRY400 - where it was says nothing

    def announce(self, channel: Channel) -> int:
        """Announce as many chunks as are due and not announced yet; return how many.

        What waits in the queue was announced before, by whichever scheduler; so a lost announcement is made
        again at the next tick and a doubled one finds nothing to do.
        """
        due = self._work.due(channel)
        if not due:
            self._moved.pop(channel, None)
            return 0
        if stopwatch() < self._rests_until.get(channel, 0.0):
            raise Unreachable("the broker did not answer a moment ago")
        try:
            return self._publish_anew(channel, due)
        except Silent:
            self._rests_until[channel] = stopwatch() + REST
            raise

    def _publish_anew(self, channel: Channel, due: int) -> int:
        """Publish; over a new line where the old one lay idle until the broker shut it."""
        try:
            return self._publish(channel, due)
        except Silent as silent:
            if isinstance(silent.__cause__, TimeoutError):
                raise
            return self._publish(channel, due)

    def _publish(self, channel: Channel, due: int) -> int:
        line = self._line(channel)
        if not line.workers:
            raise Unreachable(f"no worker listens to {queue_of(channel)}")
        missing = max(0, -(-due // BATCH) - line.waiting)
        if not self._moving(line, missing):
            raise Unreachable(f"the workers of {queue_of(channel)} take nothing")
        with self._connected() as connection, self._app.amqp.Producer(connection) as producer:
            for _ in range(missing):
                self._app.send_task(
                    TASK, kwargs={"channel": channel.value}, queue=queue_of(channel), producer=producer
                )
        return missing

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Give a line to the broker; Silent when it breaks or nothing comes back on it."""
        with self._app.pool.acquire(block=True) as connection:
            try:
                connection.ensure_connection(max_retries=1, interval_start=0)
                connection.connection.transport.sock.settimeout(ANSWER)
                yield connection
            except _GONE as problem:
                connection.collect()  # nothing will ever be read from a line that the broker shut
                raise Silent(f"the broker does not answer: {problem}") from problem

    def _moving(self, line: Line, missing: int) -> bool:
        """Tell whether anybody took something lately: workers may hang, or sleep, and stay connected.

        Once nobody did, leases are no sign of them any more: those are ours then.
        """
        now, lease = stopwatch(), self._work.latest(line.channel)
        since, waited, leased = self._moved.get(line.channel, (now, line.waiting, lease))
        hung = now - since >= PATIENCE
        if missing or line.waiting < waited or (lease > leased and not hung):
            since, hung = now, False
        self._moved[line.channel] = since, line.waiting, max(lease, leased)
        return not hung

    def _line(self, channel: Channel) -> Line:
        """Ask the broker about a queue, making it where it is missing."""
        with self._connected() as connection, connection.channel() as asked:
            told = asked.queue_declare(
                queue=queue_of(channel), durable=True, auto_delete=False, arguments=_QUORUM
            )
        return Line(channel, told.message_count, told.consumer_count)

    def run_worker(self, channels: Sequence[Channel], *, processes: int) -> int:
        """Take chunks in `processes` forked processes until SIGTERM; chunks in hand are finished."""
        for handler in logging.getLogger().handlers:
            handler.addFilter(brief)
        stopped, beating = threading.Event(), threading.Lock()
        # A child that is forked in the middle of a beat would wait for the beat's locks for good.
        os.register_at_fork(
            before=beating.acquire, after_in_parent=beating.release, after_in_child=beating.release
        )

        def fresh(**facts: Any) -> None:  # noqa: ANN401 - Celery's signals hand over what they like
            del facts
            self._work.fresh()

        def ready(**facts: Any) -> None:  # noqa: ANN401
            del facts
            threading.Thread(target=self._beat, args=(stopped, beating), name="beat", daemon=True).start()

        def ending(**facts: Any) -> None:  # noqa: ANN401
            del facts
            stopped.set()

        worker_process_init.connect(fresh, weak=False)
        worker_ready.connect(ready, weak=False)
        worker_shutdown.connect(ending, weak=False)
        worker = self._app.Worker(
            hostname=f"{os.getpid()}@{socket.gethostname()}",
            pool="prefork",
            concurrency=processes,
            queues=[queue_of(channel) for channel in channels],
            without_gossip=True,
            without_mingle=True,
            quiet=True,
        )
        worker.start()
        return int(worker.exitcode or 0)

    def _beat(self, stopped: threading.Event, beating: threading.Lock) -> None:
        while not stopped.wait(BEAT):
            try:
                # the lock is free again before patience waits
                with self._patience(), beating:
                    self._work.beat()
            except Exception:
                log.exception("no heartbeat")

    def health(self) -> Health:
        """Ask the broker how many chunks wait and who listens."""
        try:
            lines = tuple(self._line(channel) for channel in Channel)
        except Silent as problem:
            return Health("rabbitmq", problem=str(problem))
        silent = ", ".join(queue_of(line.channel) for line in lines if not line.workers)
        told = f"no worker listens to {silent}: the scheduler sends" if silent else ""
        return Health("rabbitmq", lines, told)
