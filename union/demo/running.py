"""Start the demo union: database, seed, web server, scheduler; and stop them together."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from types import FrameType
from typing import IO

import click

from union.app import start
from union.core.settings import Settings
from union.demo import NOTE, ROOT
from union.migrate import upgrade

PATIENCE = 60


@dataclass
class Process:
    """A child and what we call it."""

    name: str
    popen: subprocess.Popen[bytes]


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """Return the environment for children that run on `settings`."""
    return {
        **settings.inherited,
        "UNION_ENV": settings.environment,
        "UNION_HOME": str(settings.home),
        "UNION_PUBLIC_URL": settings.public_url,
        "UNION_NAME": settings.union_name,
        "UNION_DATABASE_URL": settings.database_url,
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def start_web(env: dict[str, str], port: int, *, workers: int = 2, log: IO[bytes] | None = None) -> Process:
    """Start the web server on 127.0.0.1."""
    return _started("web", web_command(port, workers=workers), env, log)


def web_command(port: int, *, workers: int) -> list[str]:
    """Return what starts the web server on 127.0.0.1."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--chdir",
        str(ROOT),
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        str(workers),
        "--threads",
        "8",
        "--worker-class",
        "gthread",
        "--no-control-socket",
        "--log-level",
        "warning",
        "wsgi:app",
    ]


def _started(name: str, command: list[str], env: dict[str, str], log: IO[bytes] | None) -> Process:
    child = subprocess.Popen(  # noqa: S603 - our own programs, no shell
        command, env=env, start_new_session=True, stdout=log, stderr=log
    )
    return Process(name, child)


def start_scheduler(env: dict[str, str], *, log: IO[bytes] | None = None) -> Process:
    """Start the scheduler process."""
    command = [sys.executable, "-m", "union.cli", "scheduler", "run"]
    return _started("scheduler", command, env, log)


def wait_for_web(port: int, process: Process) -> None:
    """Return when the web server answers; raises ClickException when it stopped or stays silent."""
    for _ in range(PATIENCE * 10):
        if process.popen.poll() is not None:
            raise click.ClickException(f"the web server stopped with status {process.popen.returncode}")
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/static/union.css")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise click.ClickException("the web server did not answer within a minute")


def stop(processes: list[Process]) -> None:
    """Ask each child to finish, then insist."""
    for process in processes:
        if process.popen.poll() is None:
            process.popen.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.popen.wait(15)
        except subprocess.TimeoutExpired:
            process.popen.kill()
            process.popen.wait()


def check_port(port: int) -> None:
    """Raise ClickException when the port is taken, saying how to choose another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            raise click.ClickException(f"port {port} is taken; choose another: PORT=8001 make run") from taken


def run_all(settings: Settings, *, port: int, fresh: bool) -> None:
    """Do everything `make run` promises, until Ctrl-C."""
    from union.demo import fill, links  # noqa: PLC0415 - they import every room

    port = port or free_port()
    check_port(port)
    settings = replace(
        settings,
        environment="development",
        public_url=f"http://localhost:{port}",
        union_name="Datavakbond" if settings.union_name == "Union" else settings.union_name,
    )
    if fresh:
        shutil.rmtree(settings.home, ignore_errors=True)
    settings.keep_private()
    if not (settings.home / NOTE).exists():
        (settings.home / NOTE).write_text("{}")
    start(settings)
    upgrade(settings.database_url)
    people = fill.ensure(settings, say=click.echo)
    env = environment(settings)
    processes = [start_web(env, port)]
    processes.append(start_scheduler(env))
    try:
        wait_for_web(port, processes[0])
        announce(settings, port, links.links(settings, people))
        watch(processes)
    except KeyboardInterrupt:
        click.echo("\nStopping.")
    finally:
        stop(processes)


def announce(settings: Settings, port: int, links: list[tuple[str, str]]) -> None:
    """Print where to go."""
    click.secho(f"\n  {settings.union_name} runs at http://localhost:{port}\n", bold=True)
    click.echo("  Sign in with one click. Each link works once; `union members sign-in-link` makes more:\n")
    for label, url in links:
        click.echo(f"    {label:32} {url}")
    click.echo(f"\n  Messages go to the message desk: http://localhost:{port}/desk (as organizer).")
    click.echo(f"  State: {settings.home}. Ctrl-C stops web and scheduler.\n")
    sys.stdout.flush()


def watch(processes: list[Process]) -> None:
    """Sleep until somebody stops us or a child dies."""

    def on_term(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, on_term)
    while True:
        for process in processes:
            if process.popen.poll() is not None:
                raise click.ClickException(
                    f"the {process.name} stopped with status {process.popen.returncode}"
                )
        time.sleep(0.5)
