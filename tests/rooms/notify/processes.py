"""Real processes on a throw-away database: `python -m tests.rooms.notify.processes ARGUMENTS` is `union ARGUMENTS`.

With Twilio asked to keep numbers, so that messages in doubt can be looked up.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from union.notify.channels import twilio_sms
from union.notify.testing.twilio_server import ACCOUNT, SERVICE, TOKEN

ROOT = Path(__file__).parent.parent.parent.parent


def environment(folder, database, **more):
    """UNION_* for children on `database`, with the key that the tests seal with."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "data.key"
    key.write_text(bytes(range(32)).hex())
    key.chmod(0o600)
    return {
        **os.environ,
        "UNION_ENV": "development",
        "UNION_HOME": str(folder),
        "UNION_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "PYTHONUNBUFFERED": "1",
        **more,
    }


LONG_BEATS = {"TEST_LONG_BEATS": "1.0"}
"""Beats that follow one another and take a second each, with a lock that sending needs as well."""
SHORT_REST = {"TEST_REST": "2.0"}
"""Wait two seconds for a broker's word, and two more before it is asked again."""
HASTY = {"TEST_TWILIO_TIMEOUT": "1.0"}
"""For a provider that hangs: wait a second for it, where a busy machine would need more."""


def twilio(server, public_url="http://127.0.0.1:9"):
    """UNION_* for texts over the local Twilio-speaking server."""
    return {
        "UNION_TWILIO_ACCOUNT_SID": ACCOUNT,
        "UNION_TWILIO_AUTH_TOKEN": TOKEN,
        "UNION_TWILIO_MESSAGING_SERVICE_SID": SERVICE,
        "UNION_TWILIO_API_URL": server.url,
        "UNION_PUBLIC_URL": public_url,
    }


def start(env, *arguments, log=subprocess.DEVNULL):
    """Start `union ARGUMENTS` in a process group of its own."""
    command = [sys.executable, "-m", "tests.rooms.notify.processes", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)


def kill(process):
    """Pull the plug of a process and its children at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def running(env, *arguments, log=subprocess.DEVNULL):
    process = start(env, *arguments, log=log)
    try:
        yield process
    finally:
        kill(process)


def beat_long(seconds):
    from union.notify import jobs
    from union.notify.delivery import rabbit

    lock, beat, send = threading.Lock(), jobs._beat, jobs._send

    def long_beat():
        with lock:
            time.sleep(seconds)
            beat()

    def locked_send(*what):
        with lock:
            return send(*what)

    jobs._beat, jobs._send, rabbit.BEAT = long_beat, locked_send, 0.01


def main():
    from union.cli import main as union

    if "TEST_LONG_BEATS" in os.environ:
        beat_long(float(os.environ["TEST_LONG_BEATS"]))
    if "TEST_REST" in os.environ:
        from union.notify.delivery import rabbit

        rabbit.ANSWER = rabbit.REST = float(os.environ["TEST_REST"])
    if "TEST_TWILIO_TIMEOUT" in os.environ:
        twilio_sms.TIMEOUT = (float(os.environ["TEST_TWILIO_TIMEOUT"]),) * 2
    twilio_sms.TwilioSms.__init__.__kwdefaults__["discard"] = False
    union()


if __name__ == "__main__":
    main()
