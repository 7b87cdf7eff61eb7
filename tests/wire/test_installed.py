"""compose.yaml, the Dockerfile and the units, started: their commands, their environment, their health checks, one alert through all of it.

Docker and systemd are not asked for: the same processes run in folders and on ports of their own, beside the
PostgreSQL and the RabbitMQ of the tests.
"""

import re
import subprocess
import time
import zipfile
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
import requests
from sqlalchemy import select

from tests.broker import free_port
from tests.conftest import empty_postgres
from tests.rooms.notify.conftest import AWAKE
from tests.wheels import ran
from tests.wire import installed
from union.bench import cluster
from union.core import db, sealing
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.core.keyring import read_ring
from union.demo.visitor import Page
from union.notify import service as notify
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel, Lane
from union.notify.service.trial import add_number
from union.notify.testing import twilio_server
from union.notify.testing.faults import Faults
from union.notify.testing.twilio_server import ACCOUNT, SERVICE, TOKEN, sign

pytestmark = pytest.mark.slow

OFFICER = "+31612345678"
OLGA = Actor("o", "Olga", frozenset({Role.MEMBER, Role.OFFICER}), active=True)
SITE = "union.example"
PASSWORDS = {"POSTGRES_PASSWORD": "pg-cafe", "RABBITMQ_PASSWORD": "mq-cafe"}
PATIENCE = 120


def until(true):
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return installed.build(tmp_path_factory.mktemp("image"))


@pytest.fixture
def twilio():
    with twilio_server.running(twilio_server.TwilioServer(faults=Faults(receipts=False))) as server:
        yield server


def missing(wheel):
    """Files of the tree that the programs read and the wheel does not have."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "union", "migrations"],
        cwd=installed.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    there = set(zipfile.ZipFile(wheel).namelist())
    return sorted(name for name in listed if name and name not in there and (installed.ROOT / name).exists())


def test_every_file_of_the_program_is_in_the_wheel(image):
    assert missing(image.wheel) == []


def test_a_file_that_is_left_out_is_noticed(image, tmp_path):
    """A planted fault: a wheel without its feeds and translations."""
    poor = tmp_path / "poor.whl"
    with zipfile.ZipFile(image.wheel) as whole, zipfile.ZipFile(poor, "w") as less:
        for name in whole.namelist():
            if not name.endswith((".po", ".xml")):
                less.writestr(name, whole.read(name))
    assert {name.rpartition(".")[2] for name in missing(poor)} == {"po", "xml"}


def web_at(port):
    """A browser behind the TLS proxy: get and post pages of the site, with cookies."""
    jar, plain = SimpleCookie(), requests.Session()
    plain.trust_env = False

    def ask(method, path, **form):
        answer = plain.request(
            method, f"http://127.0.0.1:{port}{path}", data=form or None, allow_redirects=False, timeout=60,
            headers={
                "Host": SITE, "X-Forwarded-Proto": "https", "X-Forwarded-Host": SITE, "X-Forwarded-For": "203.0.113.9",
                "Origin": f"https://{SITE}", "Referer": f"https://{SITE}/", "Accept": "text/html", "Accept-Language": "en",
                "Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items()),
            },
        )  # fmt: skip
        jar.load(answer.headers.get("Set-Cookie", ""))
        return answer

    return ask


def serves(ask):
    try:
        return ask("GET", "/").status_code == 200
    except requests.ConnectionError:
        return False


def sign_in_by_text(ask, twilio):
    """What a member does: a number, a text that goes through every process, the code from it."""
    page = Page(ask("GET", "/sign-in").text)
    [form] = [form for form in page.forms if "contact" in form.values]
    sent = ask(
        "POST", "/sign-in", **{name: value[0] for name, value in form.values.items()} | {"contact": OFFICER}
    )
    assert sent.status_code == 303, sent.text
    record = until(lambda: [one for one in twilio.records.values() if one.to == OFFICER])[-1]
    code = re.search(r"\b\d{6,8}\b", record.body)[0]
    page = Page(ask("GET", "/sign-in/code").text)
    [form] = [form for form in page.forms if "code" in form.values]
    done = ask(
        "POST", "/sign-in/code", **{name: value[0] for name, value in form.values.items()} | {"code": code}
    )
    assert done.status_code == 303, done.text
    return record


def receipt(ask, record):
    """What the provider reports, signed over the address that members use."""
    form = {"MessageSid": record.sid, "MessageStatus": "delivered", "AccountSid": ACCOUNT, "To": record.to}
    path = record.callback.partition(SITE)[2]
    answer = requests.post(
        f"http://127.0.0.1:{ask.port}{path}", data=form, timeout=60,
        headers={"Host": SITE, "X-Forwarded-Proto": "https", "X-Forwarded-Host": SITE,
                 "X-Twilio-Signature": sign(TOKEN, record.callback, form)},
    )  # fmt: skip
    assert answer.ok, answer.text


def settings_file(twilio):
    """union.env, as docs/running.md tells to write it, with texts over the local provider."""
    told = (installed.ROOT / "docs" / "running.md").read_text()
    block = re.search(r"```sh\n(UNION_HOME=.*?)```", told, re.DOTALL)[1]
    return installed.lines_of(block) | {
        "UNION_TWILIO_ACCOUNT_SID": ACCOUNT,
        "UNION_TWILIO_AUTH_TOKEN": TOKEN,
        "UNION_TWILIO_MESSAGING_SERVICE_SID": SERVICE,
        "UNION_TWILIO_API_URL": twilio.url,
    }


@pytest.fixture
def machine(image, tmp_path):
    """machine(swaps): where processes run; whatever still runs at the end is killed."""
    made = []

    def make(swaps):
        made.append(installed.Machine(image, tmp_path, swaps))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def composed(machine, twilio, broker, tmp_path):
    """compose.yaml's services as (machine, services, what each is told); PostgreSQL and RabbitMQ are there."""
    broker.ctl("add_user", "union", PASSWORDS["RABBITMQ_PASSWORD"])
    # no more than docs/scaling.md says our account needs
    may = re.search(
        r"configure, write and read on `(.+?)`", (installed.ROOT / "docs" / "scaling.md").read_text()
    )[1]
    broker.ctl("set_permissions", "-p", "/", "union", may, may, may)
    with empty_postgres() as url:
        at, name = re.fullmatch(r"postgresql://union@(.+)/(\w+)", url).groups()
        port = free_port()
        for folder in ("ballot-keys", "state", "secrets"):
            (tmp_path / folder).mkdir(mode=0o700)
        here = machine({
            "@postgres/union": f"@{at}/{name}", "@rabbitmq/": f"@127.0.0.1:{broker.port}/",
            "/run/secrets/secret_key": tmp_path / "secrets" / "secret.key",
            "/run/secrets/data_key": tmp_path / "secrets" / "data.key",
            "/ballot-keys": tmp_path / "ballot-keys", "/state": tmp_path / "state", "0.0.0.0:8000": f"127.0.0.1:{port}",
        })  # fmt: skip
        here.port, here.url = port, url
        yield here, installed.compose(PASSWORDS)
        here.kill()
    broker.ctl("delete_user", "union")


def told(here, service, twilio):
    """A service's whole environment: the image's, the file's, its own."""
    assert service["env_file"] == "union.env"
    own = settings_file(twilio)
    del own["UNION_HOME"], own["UNION_SECRET_KEY_FILE"], own["UNION_DATA_KEY_FILE"], own["UNION_SMTP_URL"]
    return {**here.image.env, **own, **service["environment"]}


def healthy(here, service, env):
    """Run the health check as it is written."""
    return here.run(["/bin/sh", "-c", service["healthcheck"]["test"]], env)


def bring_up(here, services, twilio, broker):
    """Start every service when those it waits for are as it wants them."""
    running = {}
    for name in installed.in_order(services):
        service = services[name]
        if name in ("postgres", "rabbitmq"):
            continue
        for needed, how in service["depends_on"].items():
            if how["condition"] == "service_healthy":
                assert outside_healthy(here, services[needed], needed, broker)
        env = told(here, service, twilio)
        command = service.get("command", here.image.command)
        if service["restart"] == "no":
            done = here.run(command, env)
            assert done.returncode == 0, done.stderr
            continue
        running[name] = here.start(
            name, command, env, installed.seconds(service.get("stop_grace_period", "10s"))
        )
    return running


def outside_healthy(here, service, name, broker):
    """The health check of a service that is not ours, against the one that the tests started."""
    line = service["healthcheck"]["test"]
    if name == "postgres":
        user, at = re.search(r"//(\w+)@127.0.0.1:(\d+)/", here.url).groups()
        env = {
            "PATH": f"{cluster.binaries()}:/usr/bin:/bin",
            "PGHOST": "127.0.0.1",
            "PGPORT": at,
            "PGUSER": user,
        }
    else:
        env = {**broker.env, "PATH": f"{broker.place.parent}:{broker.env['PATH']}"}
    return ran(["/bin/sh", "-c", line], env=env).returncode == 0


def test_compose_comes_up_carries_an_alert_and_stops_in_time(composed, twilio, broker, tmp_path):
    here, told_by_file = composed
    services = told_by_file["services"]
    web = {"UNION_ENV": "production", **told(here, services["web"], twilio)}
    for name in ("secret_key", "data_key"):
        assert told_by_file["secrets"][name]["file"].startswith("secrets/")
        assert here.run(["union", "settings", "make-key", f"/run/secrets/{name}"], web).returncode == 0
    running = bring_up(here, services, twilio, broker)
    assert set(running) == {"web", "scheduler", "worker"}
    made = here.run(["union", "members", "create-officer", "--name", "Olga", "--phone", OFFICER], web)
    assert made.returncode == 0, made.stderr
    ask = web_at(here.port)
    ask.port = here.port
    try:
        until(lambda: serves(ask))
        until(lambda: healthy(here, services["scheduler"], web).returncode == 0)
        until(lambda: here.run(["union", "worker", "status"], web).returncode == 0)
        assert ask("GET", "/campaigns.atom").status_code in {200, 404}
        receipt(ask, sign_in_by_text(ask, twilio))
        assert ask("GET", "/home").status_code == 200, "signed in by a text that went through all of it"
        alert(here, tmp_path, twilio, running["worker"])
    except BaseException:
        print(here.said())
        raise
    for name in ("web", "scheduler", "worker"):
        assert running[name].stop() == 0, f"{name} did not end well"
    assert "Traceback" not in here.said(), here.said()


def alert(here, tmp_path, twilio, worker):
    """Texts of an action, written by us with the union's own key, sent by the worker's processes."""
    db.install(db.Database(db.make_engine(here.url)))
    sealing.install(sealing.Vault(read_ring(tmp_path / "secrets" / "data.key")))
    now, before = utcnow(), len(twilio.records)
    try:
        with db.transaction() as session:
            add_number(session, actor=OLGA, now=now, number=OFFICER)  # the union is on trial still
            for n in range(120):
                notify.enqueue(
                    session, now=now, to=OFFICER, member_id=f"m{n}", ref="action:x", kind="call", channel=Channel.SMS,
                    language="en", zone=AWAKE, template="notify/test", fields={"when": "now"}, lane=Lane.ALERT,
                    expires_at=now + timedelta(hours=1),
                )  # fmt: skip
        until(lambda: len(twilio.records) >= before + 120)
        rows = until(settled)
        assert {row.state for row in rows} == {"accepted"}
        found = ran(["pgrep", "-P", worker.popen.pid]).stdout.split()
        assert {row.lease_by.split("/")[-2] for row in rows} <= set(found), "it is the worker who sends"
        assert max(twilio.sent().values()) == 1
        with db.reading() as session:
            first = session.scalars(
                select(Outbox).where(Outbox.ref != "action:x").order_by(Outbox.id)
            ).first()
            assert first.state == "delivered", "the receipt was believed"
    finally:
        db.installed().engine.dispose()


def settled():
    with db.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.ref == "action:x")).all()
    return rows if not {"created", "sending"} & {row.state for row in rows} else None


@pytest.fixture
def one_machine(machine, tmp_path):
    """What docs/running.md tells to set up: /etc/union, /var/lib/union and /opt/union, as folders of ours."""
    port = free_port()
    for folder in ("etc", "lib"):
        (tmp_path / folder).mkdir(mode=0o700)

    def make(image):
        here = machine({
            "/opt/union": image.source, "/etc/union": tmp_path / "etc", "/var/lib/union": tmp_path / "lib",
            "127.0.0.1:8000": f"127.0.0.1:{port}",
        })  # fmt: skip
        here.port = port
        return here

    return make


def tree(folder):
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_units_come_up_as_the_documentation_says_and_stop_in_time(one_machine, image, twilio):
    here = one_machine(image)
    told = settings_file(twilio)
    del told["UNION_SMTP_URL"]  # there is no relay to write to
    before = tree(image.source)
    for command in (
        f"union settings make-key {told['UNION_SECRET_KEY_FILE']}",
        f"union settings make-key {told['UNION_DATA_KEY_FILE']}",
        "union db migrate",
        "union platforms load",
        f"union members create-officer --name Olga --phone {OFFICER}",
    ):
        done = here.run(command, told)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    units = {name: installed.unit(f"union-{name}") for name in ("web", "scheduler", "worker")}
    for name, unit in units.items():
        assert unit["EnvironmentFile"] == "/etc/union/union.env"
        assert unit["WorkingDirectory"] == "/opt/union"
        here.start(name, unit["ExecStart"], told, installed.seconds(unit.get("TimeoutStopSec", "90s")))
    ask = web_at(here.port)
    ask.port = here.port
    try:
        until(lambda: serves(ask))
        until(lambda: here.run("union scheduler status", told).returncode == 0)
        until(lambda: "worker " in here.run("union worker status", told).stdout)
        receipt(ask, sign_in_by_text(ask, twilio))
        assert ask("GET", "/home").status_code == 200
    except BaseException:
        print(here.said())
        raise
    assert [one.stop() for one in here.started] == [0, 0, 0]
    assert "Traceback" not in here.said(), here.said()
    assert tree(image.source) == before, "only ReadWritePaths may be written to"
