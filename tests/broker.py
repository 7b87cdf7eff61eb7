"""A throw-away RabbitMQ node for one test run, also as root; says loudly when there is none to start.

Its own data, cookie, ports and port mapper (epmd), so that a broker which runs on this machine is not met.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

MISSING = "RabbitMQ (rabbitmq-server, erlang) is not installed: every test of workers on a broker is LEFT OUT"


def server() -> Path | None:
    """Return the node's start script: Debian's own refuses to run as another account."""
    places = [Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path("/opt/rabbitmq/sbin/rabbitmq-server")]
    found = shutil.which("rabbitmq-server")
    here = next((place for place in [*places, *([Path(found)] if found else [])] if place.exists()), None)
    return here if here and shutil.which("erl") and shutil.which("epmd") else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A node on free loopback ports, gone at `stop`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.folder = Path(tempfile.mkdtemp(prefix="union-mq-"))
        self.port, mapper, dist = free_port(), free_port(), free_port()
        (self.folder / "plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text("log.file.level = warning\n")
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": f"union-{secrets.token_hex(4)}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # The node is then one process, which SIGTERM ends; there is no script between.
            "RABBITMQ_ALLOW_INPUT": "1",
        }
        self.mapper = subprocess.Popen(
            ["epmd", "-port", str(mapper), "-address", "127.0.0.1"], env=self.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.out = (self.folder / "out").open("wb")
        self.node = subprocess.Popen(
            [str(place), "-noinput"], env=self.env, cwd=self.folder, stdout=self.out, stderr=self.out,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        """Return when the node answers an AMQP greeting; a minute is much even on a busy machine."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as line:
                line.settimeout(5)
                line.sendall(b"AMQP\x00\x00\x09\x01")
                if line.recv(1):
                    return
            if self.node.poll() is not None:
                break
            time.sleep(0.2)
        told = (self.folder / "out").read_text(errors="replace")
        self.stop()
        raise RuntimeError(f"RabbitMQ did not start:\n{told[-4000:]}")

    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def ctl(self, *words: str) -> None:
        """Tell the node something, as its operator would."""
        command = [str(self.place.with_name("rabbitmqctl")), "--quiet", *words]
        done = subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        for process in (self.node, self.mapper):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.out.close()
        shutil.rmtree(self.folder, ignore_errors=True)
