"""How long a phone of 2017 takes from *seal* to *receipt*, in real Chromium on the real booth.

Slowed down as Chromium's own tools do it: a processor four times slower, a line of 400 ms and 400 kbit/s.
Beside each figure the same vote without the brake, so that machines can be compared. The aim is 3 s.
"""

import gzip
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

import union.ballots
import union.web
from union.ballots import service as voting
from union.bench.figures import Figure, fresh, quantile
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import installed, transaction
from union.demo import joining, running, seed, votes
from union.members import service as registry

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MISSING = "no Chromium or no playwright here: the booth on a slow phone is not measured"
REGISTER = 12
TURNS = 3
SLOWER = 4
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
PATIENCE = 120_000
MOST_KILOBYTES = 50
AIM = 3.0
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
DEMANDS = ("Pay", "Hours", "Appeal", "Data", "Safety", "Say")
STRIKE = voting.decision("Do we strike?", "en")
PAPERS = {
    "BELENIOS-2048, one question": ("BELENIOS-2048", [STRIKE]),
    "Ed25519, one question": ("Ed25519", [STRIKE]),
    "BELENIOS-2048, three questions": (
        "BELENIOS-2048",
        [
            STRIKE,
            voting.choice("On which day?", ("Friday", "Saturday", "Sunday"), 1, least=1),
            voting.choice("Which demands?", DEMANDS, 3, blank=True),
        ],
    ),
    "Ed25519, an order and grades of six": (
        "Ed25519",
        [
            voting.ranking("Which demands first?", DEMANDS, voting.Method.SCHULZE),
            voting.grading("How good is each?", DEMANDS, ("Good", "Fair", "Poor")),
        ],
    ),
}

# Answers and presses from inside the page, so that only the booth's own work is measured.
CHOOSE = """async () => {
  const part = (name) => document.querySelector(`[data-part=${name}]`);
  const seen = (name) => part(name).offsetParent !== null;
  const turn = () => new Promise((done) => { setTimeout(done, 0); });
  while (!seen("seal")) {
    for (let add; (add = part("choices").querySelector('[data-act="add"]'));) add.click();
    const radios = part("choices").querySelectorAll("input[type=radio]");
    const names = new Set(Array.from(radios, (input) => input.name));
    for (const name of names) part("choices").querySelector(`input[name="${name}"]`).click();
    if (!names.size) part("choices").querySelector("input[type=checkbox][value='0']")?.click();
    part("question").requestSubmit();
    await turn();
  }
}"""
SEAL_AND_CAST = """async () => {
  const part = (name) => document.querySelector(`[data-part=${name}]`);
  const until = async (name) => {
    while (part(name).offsetParent === null) await new Promise((done) => { setTimeout(done, 0); });
    return performance.now() - started;
  };
  const started = performance.now();
  part("seal").click();
  const sealed = await until("cast");
  part("cast").click();
  return [sealed, await until("receipt-tracker")];
}"""


@dataclass(frozen=True)
class Timed:
    """One vote, in seconds: until the first question is there; from *seal* to sealed, and to the receipt."""

    opened: float
    sealed: float
    receipt: float


def run(folder: Path) -> list[Figure]:
    """Measure the booth's size, then every paper with and without the brake."""
    found = [
        Figure(
            "booth and curve, compressed", size(), "kB", MOST_KILOBYTES, "the most it may be", higher=False
        )
    ]
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a tool of development
    except ImportError:
        click.secho(f"  LEFT OUT: {MISSING}", fg="red")
        return found
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        click.secho(f"  LEFT OUT: {MISSING}", fg="red")
        return found
    with _voting(folder) as (links, booths), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGS)
        for name, booth in booths.items():
            plain, slow = (
                _median([_vote(browser, next(links), booth, braked=braked) for _ in range(TURNS)])
                for braked in (False, True)
            )
            found += [
                Figure(f"{name}: from seal to receipt", slow.receipt, "s", AIM, "the aim", higher=False),
                Figure(
                    f"{name}: the same", slow.receipt, "s", plain.receipt, "without the brake", higher=False
                ),
                Figure(
                    f"{name}: of it sealing",
                    slow.sealed,
                    "s",
                    plain.sealed,
                    "without the brake",
                    higher=False,
                ),
                Figure(
                    f"{name}: the booth opens",
                    slow.opened,
                    "s",
                    plain.opened,
                    "without the brake",
                    higher=False,
                ),
            ]
        browser.close()
    return found


def size() -> float:
    """Return the kilobytes that a voter's browser loads as scripts, each file compressed as it is sent."""
    static = Path(union.ballots.__file__).parent / "static"
    curve = Path(union.web.__file__).parent / "static/vendor/noble-ed25519/index.js"
    files = {*_imported(static / "booth.mjs"), curve}
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) / 1000


def _imported(module: Path, seen: frozenset[Path] = frozenset()) -> frozenset[Path]:
    """Return a module and everything it imports."""
    seen |= {module}
    for name in re.findall(r'^import .* from "(\..*)";$', module.read_text(), re.MULTILINE):
        path = (module.parent / name).resolve()
        if path not in seen:
            seen = _imported(path, seen)
    return seen


def _median(votes: Sequence[Timed]) -> Timed:
    return Timed(*(quantile([getattr(v, f) for v in votes], 0.5) for f in ("opened", "sealed", "receipt")))


def _vote(browser: "Browser", link: str, booth: str, *, braked: bool) -> Timed:
    """Sign in, enter the booth with the code, vote; a new browser context, so nothing is cached."""
    context = browser.new_context(viewport={"width": 375, "height": 740}, locale="en")
    page = context.new_page()
    page.goto(link)
    page.locator("main form button").click()
    page.wait_for_url("**/home")
    if braked:
        _brake(page)
    page.goto(booth, timeout=PATIENCE)
    page.locator("[data-part=question]").wait_for(timeout=PATIENCE)
    opened = page.evaluate("performance.now()")
    page.evaluate(CHOOSE)
    page.wait_for_timeout(1000)  # a look at the summary: nobody presses at once
    sealed, receipt = page.evaluate(SEAL_AND_CAST)
    context.close()
    return Timed(opened / 1000, sealed / 1000, receipt / 1000)


def _brake(page: "Page") -> None:
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_3G)


@contextmanager
def _voting(folder: Path) -> Iterator[tuple[Iterator[str], dict[str, str]]]:
    """Open a ballot for each paper, start the web; give one member's sign-in links and booths."""
    port = running.free_port()
    settings = replace(fresh(folder), public_url=f"http://127.0.0.1:{port}")
    told = seed.Seed(settings, lambda _text: None)
    who = joining.join(told, REGISTER)
    booths = {name: _open(told, who, group, asked) for name, (group, asked) in PAPERS.items()}
    web = running.start_web(running.environment(settings), port)
    try:
        running.wait_for_web(port, web)
        yield _links(settings.public_url, who.member), booths
    finally:
        running.stop([web])
        installed().engine.dispose()


def _links(site: str, member: str) -> Iterator[str]:
    while True:
        with transaction() as session:
            link = registry.issue_link(session, actor=SYSTEM, member_id=member, now=utcnow(), site=site)
        yield link


def _open(told: seed.Seed, who: seed.People, group: str, asked: Sequence[voting.Asked]) -> str:
    """Open a ballot with that paper; return the member's booth with the voting code."""
    url = told.settings.public_url
    began = told.now - timedelta(days=1)
    with transaction() as session:
        actor = told.actor(session, who.organizers[0])
        slug = voting.draft(
            session,
            actor=actor,
            now=began,
            kind="general",
            subject="",
            title=f"Bench of {len(asked)} questions",
            intro="",
            questions=asked,
            preset="simple-majority",
            group=group,
            opens_at=told.now - timedelta(hours=1),
            closes_at=told.now + timedelta(days=1),
            zone=seed.ZONE,
            trustee_ids=who.trustees,
        )
        voting.ask_for_keys(session, actor=actor, now=began, slug=slug, public_url=url)
    votes.make_keys(told, slug, who, group, began)
    with transaction() as session:
        actor = told.actor(session, who.organizers[0])
        voting.issue_credentials(session, actor=actor, now=began, slug=slug, public_url=url)
    told.deliver(told.now)
    with transaction() as session:
        voting.open_ballot(session, actor=SYSTEM, now=told.now - timedelta(hours=1), slug=slug)
    return url + votes.booth_link(slug, who.member)
