"""What deploy/ starts exists: commands, settings, files; a unit or service cannot name what is no more."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import click
import pytest
import yaml
from gunicorn.config import Config

from union.cli import main
from union.core.settings import Settings
from union.demo import running

SYSTEMD = shutil.which("systemd-analyze")
EXPOSED = 25
"""Tenths of ten points, as `systemd-analyze security` gives them."""
DEPLOY = Path(__file__).parent.parent.parent / "deploy"
VARIABLES = {name for name, _ in Settings.from_environment({}).masked()}


def refused(line):
    """Why `union ARGUMENTS` cannot be run, or None."""
    command, context = main, click.Context(main)
    words = [word for word in shlex.split(line)[1:] if not re.fullmatch(r"--?verbose|-v", word)]
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0]) if words else None
        if found is None:
            return f"no command: {line}"
        command, words = found, words[1:]
    known = {option for param in command.params for option in param.opts}
    return next(
        (f"no option {word}: {line}" for word in words if word.startswith("--") and word not in known), None
    )


def commands():
    for unit in DEPLOY.glob("*.service"):
        for line in re.findall(r"^ExecStart=\S*/bin/(union .*)$", unit.read_text(), re.MULTILINE):
            yield unit.name, line
    for name, service in compose()["services"].items():
        for line in (service.get("command", ""), service.get("healthcheck", {}).get("test", "")):
            if line.startswith("union "):
                yield name, line


def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.mark.parametrize(("where", "line"), list(commands()))
def test_commands_exist(where, line):
    assert refused(line) is None, where


@pytest.mark.parametrize("line", ["union worker march", "union worker run --horses 4", "union"])
def test_the_gate_bites(line):
    assert refused(line)


def web_commands():
    """What starts the web server in a unit, in the image and in the demo, as words."""
    unit = (DEPLOY / "union-web.service").read_text()
    yield shlex.split(re.search(r"^ExecStart=\S*/bin/(gunicorn .*)$", unit, re.MULTILINE)[1])
    yield json.loads(re.search(r"^CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)[1])
    yield ["gunicorn", *running.web_command(8000, workers=2)[3:]]


@pytest.mark.parametrize("words", list(web_commands()), ids=["unit", "image", "demo"])
def test_gunicorn_takes_what_it_is_told_and_opens_no_second_door(words):
    told = Config().parser().parse_args(words[1:])
    assert told.args == ["wsgi:app"]
    assert told.control_socket_disable


def test_settings_exist():
    said = set()
    for path in [*DEPLOY.iterdir(), *(DEPLOY.parent / "docs").glob("*.md")]:
        said |= set(re.findall(r"\bUNION_[A-Z_]+\b", path.read_text()))
    assert said <= VARIABLES
    assert {"UNION_BROKER_URL", "UNION_SMS_PER_SECOND"} <= said
    assert len(VARIABLES) == len(fields(Settings)) - 1


def test_services_hang_together():
    told = compose()
    for name, service in told["services"].items():
        for needed, how in service.get("depends_on", {}).items():
            other = told["services"][needed]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in other, f"{name} waits for the health of {needed}"
        assert set(service.get("secrets", [])) <= set(told["secrets"])
    build = told["services"]["web"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    # Stopping may take as long as a chunk, or a message is in doubt that need not be.
    from union.notify.delivery.rabbit import HARD

    assert int(told["services"]["worker"]["stop_grace_period"].rstrip("s")) > HARD
    assert int(re.search(r"TimeoutStopSec=(\d+)", (DEPLOY / "union-worker.service").read_text())[1]) > HARD


def test_every_image_copies_what_it_installs():
    for path in re.findall(r"^COPY (\S+) ", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE):
        assert (DEPLOY.parent / path).exists(), path


SHUT = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectProc": "invisible",
    "ProtectKernelModules": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallFilter": "@system-service",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
    "LimitCORE": "0",
}


def left_open(unit):
    """What a unit does not shut, of what every one of ours must."""
    told = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and line[:1] not in "#[")
    found = [name for name, value in SHUT.items() if told.get(name) != value]
    return found if told.get("User", "root") != "root" else [*found, "User"]


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("*.service")), ids=lambda path: path.name)
def test_units_are_shut(path):
    assert left_open(path.read_text()) == []


def test_a_planted_unit_is_noticed():
    unit = (DEPLOY / "union-web.service").read_text()
    assert left_open(unit.replace("LimitCORE=0\n", "").replace("User=union\n", "")) == ["LimitCORE", "User"]


def complaints(unit, folder):
    """What systemd itself says of a unit whose programs are there."""
    path = folder / "union.service"
    path.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE))
    verified, secure = (
        subprocess.run([SYSTEMD, *words, str(path)], capture_output=True, text=True, check=False)
        for words in (("verify",), ("security", "--offline=yes", "--no-pager", f"--threshold={EXPOSED}"))
    )
    return verified.stdout + verified.stderr + ("" if secure.returncode == 0 else secure.stdout[-300:])


@pytest.mark.skipif(
    SYSTEMD is None, reason="systemd-analyze is not installed: systemd's own word on the units is LEFT OUT"
)
@pytest.mark.parametrize("path", sorted(DEPLOY.glob("*.service")), ids=lambda path: path.name)
def test_systemd_takes_the_units(path, tmp_path):
    unit = path.read_text()
    assert complaints(unit, tmp_path) == ""
    assert "ProtectSystm" in complaints(unit.replace("ProtectSystem", "ProtectSystm"), tmp_path)
    assert "exposure" in complaints(unit.replace("CapabilityBoundingSet=\n", ""), tmp_path)


def test_containers_are_shut():
    for name, service in compose()["services"].items():
        if service.get("image", "union") == "union":
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
    assert re.search(r"^USER union$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
