"""What deploy/ describes, translated to folders and ports of this machine: the image, the services, the units.

Nothing is fetched: the wheel is built from this tree, and exactly what requirements/run.txt names is lent to it.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import venv
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path

import yaml

from tests.wheels import built, install, ran

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
PLACES = ("/usr/local/bin", "/usr/bin", "/bin")


def seconds(told):
    """A length of time as compose and systemd write it."""
    number, unit = re.fullmatch(r"(\d+)(s|m|min)?", told).groups()
    return int(number) * (60 if unit in {"m", "min"} else 1)


@dataclass
class Image:
    """/opt/union with an environment that has the wheel and what run.txt names, and nothing else."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    @property
    def source(self):
        return self.folder / "opt" / "union"

    @property
    def binaries(self):
        return self.source / ".venv" / "bin"

    @property
    def site(self):
        [found] = (self.source / ".venv" / "lib").glob("python*/site-packages")
        return found

    @property
    def wheel(self):
        [found] = self.folder.glob("*.whl")
        return found


def build(folder):
    """Do what the Dockerfile says, by its own lines."""
    told = (DEPLOY / "Dockerfile").read_text()
    assert "WORKDIR /opt/union\n" in told
    image = Image(folder)
    image.env = dict(
        pair.split("=", 1) for line in re.findall(r"^ENV (.+)$", told, re.MULTILINE) for pair in line.split()
    )
    image.command = json.loads(re.search(r"^CMD (\[.*\])$", told, re.MULTILINE)[1])
    copied = re.findall(r"^COPY (\S+) \S+$", told, re.MULTILINE)
    installs = re.findall(r"^RUN pip install --no-cache-dir (.+)$", told, re.MULTILINE)
    assert (copied, installs) == (["requirements/run.txt", "."], ["-r requirements/run.txt", "--no-deps ."])
    ignored = [Path(line).name for line in (ROOT / ".dockerignore").read_text().split()]
    shutil.copytree(
        ROOT, image.source, ignore=shutil.ignore_patterns(*ignored, "tests", "build", "*.egg-info")
    )
    venv.create(image.source / ".venv", symlinks=True)
    for line in (ROOT / "requirements" / "run.txt").read_text().split():
        lend(image, distribution(line.partition("==")[0]))
    built(image.source, image.folder)
    install(image.wheel, image.binaries / "python")
    return image


def lend(image, found):
    """Put an installed distribution into the image, by links; its commands start with the image's interpreter."""
    tops = {file.parts[0] for file in found.files if ".." not in file.parts}
    for top in tops - {"__pycache__"}:
        if not (image.site / top).exists():
            (image.site / top).symlink_to(found.locate_file(top))
    for entry in found.entry_points.select(group="console_scripts"):
        script = image.binaries / entry.name
        script.write_text(
            f"#!{image.binaries / 'python'}\nimport sys\nfrom {entry.module} import {entry.attr}\nsys.exit({entry.attr}())\n"
        )
        script.chmod(0o755)


@dataclass
class Started:
    """A process, and how long whoever runs it waits after SIGTERM."""

    name: str
    popen: subprocess.Popen
    grace: int
    log: Path

    def stop(self):
        """Ask it to end, as its keeper does; return its exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(self.grace)


class Machine:
    """Starts processes of the image with exactly the environment it is given, and lets none of them outlive it."""

    def __init__(self, image, folder, swaps):
        self.image, self.folder, self.swaps = image, folder, swaps
        self.started = []

    def here(self, text):
        """`text` with each container's or production's place swapped for ours."""
        for there, ours in self.swaps.items():
            text = text.replace(there, str(ours))
        return text

    def environment(self, told):
        path = os.pathsep.join([str(self.image.binaries), *PLACES])
        return {"PATH": path, "HOME": str(self.folder), "LANG": "C.UTF-8"} | {
            name: self.here(value) for name, value in told.items()
        }

    def words(self, command):
        words = command if isinstance(command, list) else shlex.split(command)
        return [self.here(word) for word in words]

    def run(self, command, told):
        return ran(self.words(command), env=self.environment(told), cwd=self.image.source)

    def start(self, name, command, told, grace):
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            popen = subprocess.Popen(
                self.words(command), env=self.environment(told), cwd=self.image.source, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        self.started.append(Started(name, popen, grace, log))
        return self.started[-1]

    def said(self):
        return "".join(
            f"== {one.name}\n{one.log.read_text(errors='replace')[-3000:]}" for one in self.started
        )

    def kill(self):
        for one in self.started:
            if one.popen.poll() is None:
                os.killpg(one.popen.pid, signal.SIGKILL)
            one.popen.wait()


def compose(environment):
    """compose.yaml with its variables put in, as `docker compose config` shows it."""
    text = re.sub(
        r"\$\{(\w+):\?\}", lambda found: environment[found[1]], (DEPLOY / "compose.yaml").read_text()
    )
    assert "${" not in text
    return yaml.safe_load(text)


def in_order(services):
    """The services' names, each after those it waits for."""
    done = []
    while len(done) < len(services):
        ready = [
            n for n, s in services.items() if n not in done and set(s.get("depends_on", ())) <= set(done)
        ]
        assert ready, "services wait for each other"
        done += ready
    return done


def unit(name):
    """A unit's [Service] section."""
    body = (DEPLOY / f"{name}.service").read_text().partition("[Service]\n")[2].partition("\n[")[0]
    return dict(line.split("=", 1) for line in body.splitlines() if line and not line.startswith("#"))


def lines_of(text):
    """NAME=value lines, as EnvironmentFile and env_file have them."""
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
