"""The whole main job on fresh state, over real HTTP, with real messages, in under two minutes.

Members do everything as a browser would. Organizers plan through the rooms' verbs where a form knows only
minutes and the story needs seconds; they sign, and everybody votes, pledges and checks in, over HTTP.
"""

import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click

from union.actions import queries as acted
from union.actions import service as acting
from union.actions.rules.kits import KITS
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.app import start
from union.audit import queries as audit
from union.ballots import queries as board
from union.ballots.crypto import (
    Election,
    KeyPair,
    decrypt_partially,
    group_named,
    make_ballot,
    make_key,
    read_tally,
    verify,
)
from union.ballots.service import Call
from union.campaigns import queries as campaigns
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM, Actor, Role
from union.core.clock import stopwatch, utcnow
from union.core.db import reading, transaction
from union.core.settings import Settings
from union.demo import running
from union.demo.people import CHAPTERS, FIRST, LAST
from union.demo.post import Post, office
from union.demo.visitor import Facts, Unexpected, Visitor
from union.members import queries as members
from union.members import service as registry
from union.migrate import upgrade
from union.notify.testing.twilio_server import ACCOUNT, SERVICE, TOKEN
from union.platforms import service as directory

HANDS = 6
DAYLIGHT = (
    "Europe/Amsterdam",
    "America/New_York",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "Asia/Tokyo",
    "Asia/Kolkata",
)
MORNING, EVENING = 9, 18
PLATFORM = "uber"
CODE = r"\b(\d{6})\b"
GROUP = "BELENIOS-2048"


@dataclass
class Somebody:
    """One member of the story: where messages reach them, and their browser."""

    number: int
    name: str
    address: str
    visitor: Visitor
    member_id: str = ""


class Story:
    """One telling."""

    def __init__(self, settings: Settings, post: Post, out: Path, count: int) -> None:
        self.settings, self.post, self.out, self.count = settings, post, out, count
        self.began = stopwatch()
        self.lines: list[str] = []
        self.base = settings.public_url
        self.people: list[Somebody] = []
        self.staff: dict[str, Somebody] = {}
        self.slug = ""
        self.ballot = ""
        self.action = ""
        self.starts_at = utcnow()
        self.zone = daylight(self.starts_at)
        self.trackers: dict[str, str] = {}
        self.pace = timedelta(0)

    def say(self, text: str) -> None:
        """Write one line of the timeline."""
        line = f"{stopwatch() - self.began:6.1f} s  {text}"
        self.lines.append(line)
        click.echo(line)

    def all_do(self, what: str, act: Callable[[Somebody], object], who: Iterable[Somebody]) -> int:
        """Let people act side by side, showing progress; return how many did."""
        people = list(who)
        with (
            ThreadPoolExecutor(HANDS) as pool,
            click.progressbar(length=len(people), label=f"          {what}", width=30) as bar,
        ):
            for _ in pool.map(act, people):
                bar.update(1)
        return len(people)

    def wait(self, what: str, ready: Callable[[], bool], patience: float = 60) -> None:
        """Wait until the scheduler has done its part."""
        until = stopwatch() + patience
        while not ready():
            if stopwatch() > until:
                raise Unexpected(f"waited {patience:.0f} s for: {what}")
            time.sleep(0.2)

    def actor(self, person: Somebody) -> Actor:
        """Return somebody as an actor, roles as they are now."""
        with reading() as session:
            return members.actor_of(session, person.member_id)

    # The officers' first steps: what `union members create-officer` and the directory's import do.

    def found_the_union(self) -> None:
        """Load the directory, open chapters, make the first officer, organizers and trustees."""
        now = utcnow()
        roles = {
            "officer": Role.OFFICER,
            "organizer": Role.ORGANIZER,
            "second": Role.ORGANIZER,
            "trustee 1": Role.TRUSTEE,
            "trustee 2": Role.TRUSTEE,
            "trustee 3": Role.TRUSTEE,
        }
        with transaction() as session:
            directory.load_directory(session, actor=SYSTEM, now=now)
            for slug, name, _ in CHAPTERS:
                registry.add_chapter(session, actor=SYSTEM, name=name, zone=self.zone, slug=slug, now=now)
            for n, (name, role) in enumerate(roles.items()):
                address = f"{name.replace(' ', '')}@union.example"
                member_id = registry.create_member(
                    session,
                    actor=SYSTEM,
                    name=name.capitalize(),
                    address=address,
                    chapter="amsterdam",
                    now=now,
                )
                registry.grant_role(session, actor=SYSTEM, member_id=member_id, role=role, now=now)
                self.staff[name] = Somebody(n, name, address, Visitor(self.base, 1000 + n), member_id)
            links = {
                name: registry.issue_link(
                    session, actor=SYSTEM, member_id=p.member_id, now=now, site=self.base
                )
                for name, p in self.staff.items()
            }
        for name, link in links.items():
            self.staff[name].visitor.open(link)
            self.staff[name].visitor.send(link.rpartition("/")[2])
        self.say("an officer, two organizers and three trustees signed in")

    def announce(self) -> None:
        """Publish the campaign; its pledge round ends in a minute unless the story is faster."""
        now = utcnow()
        organizer = self.actor(self.staff["organizer"])
        with transaction() as session:
            self.slug = campaigning.create(
                session,
                actor=organizer,
                now=now,
                draft=campaigning.Draft(
                    platform_slug=PLATFORM,
                    title="Pay for waiting time",
                    demand="Uber pays every minute between accepting a trip and starting it.",
                    summary="We wait for free at stations and doors.",
                    reasons="",
                    unit=self.count,
                    goal=self.count,
                    threshold=self.count // 2,
                    pledge_deadline=now + timedelta(days=1),
                    zone=self.zone,
                    pledge_text="At the hour we agree on I log off and stay off until the end.",
                ),
            )
            campaigning.publish(session, slug=self.slug, actor=organizer, now=now)
        self.say(f"campaign published: {self.base}/campaigns/{self.slug}")

    # Members.

    def join(self, person: Somebody) -> None:
        """Answer one question a page and apply."""
        v = person.visitor
        by_mail = "@" in person.address
        answers: dict[str, Facts] = {
            "name": {"name": person.name},
            "contact": {"email": person.address} if by_mail else {"phone": person.address},
            "chapter": {"chapter": CHAPTERS[person.number % 3][0]},
            "platforms": {"platforms": [PLATFORM]},
            "sms": {"sms": "y"},
        }
        v.open(f"/join?for={self.slug}")
        v.open("/join/name")
        while (step := urlsplit(v.url).path.rpartition("/")[2]) != "confirm":
            if step == "work":
                answers["work"] = {
                    name: ["driver"] for name in re.findall(rf'name="(\w*{PLATFORM}\w*)"', v.text)
                }
            v.fill(answers.get(step, {}))

    def confirm(self, person: Somebody) -> None:
        """Type the code that came by text or email."""
        person.visitor.fill({"code": self.post.wait_for(person.address, CODE)}, follow=False)

    def admit(self) -> None:
        """Let an organizer admit everybody from the waiting list, page after page."""
        cookies = self.staff["organizer"].visitor.http.cookies
        seen: set[str] = set()

        def one(member_id: str) -> None:
            v = Visitor(self.base, 1001)
            v.http.cookies = cookies
            v.open(f"/members/{member_id}")
            v.fill({}, "/admit", follow=False)

        with ThreadPoolExecutor(HANDS) as pool:
            while True:
                self.staff["organizer"].visitor.open("/members/waiting")
                found = (
                    set(re.findall(r"/members/([a-z0-9]{20})", self.staff["organizer"].visitor.text)) - seen
                )
                if not found:
                    break
                seen |= found
                list(pool.map(one, found))
        self.say(f"{len(seen)} applicants admitted by an organizer")

    def pledge(self, person: Somebody) -> None:
        """Pledge with a minimum of one's own: from anybody to nearly everybody."""
        v = person.visitor
        minimum = 1 + person.number * 37 % (self.count * 9 // 10)
        v.open(f"/campaigns/{self.slug}/pledge")
        v.send(how="number", number=str(minimum))
        v.fill({}, follow=False)

    def settle(self) -> None:
        """End the round, as its deadline does."""
        with reading() as session:
            deadline = campaigns.card(session, self.slug).pledge_deadline
        with transaction() as session:
            campaigning.settle(
                session, slug=self.slug, actor=SYSTEM, now=deadline, public_url=self.settings.public_url
            )
        with reading() as session:
            called = len(campaigns.called(session, campaigns.card(session, self.slug).id))
        self.say(
            f"the round settled: {called} of {self.count} are called, each at least as many as they asked for"
        )

    # The ballot.

    def launch(self) -> dict[str, KeyPair]:
        """Draft the strike vote, let three trustees make their keys, hand out the voting codes, open."""
        now = utcnow()
        voting = timedelta(seconds=15) + self.pace * self.count
        trustees = [self.staff[f"trustee {n}"] for n in (1, 2, 3)]
        with transaction() as session:
            self.ballot = campaigning.launch_strike_vote(
                session,
                slug=self.slug,
                actor=members.actor_of(session, self.staff["organizer"].member_id),
                now=now,
                vote=Call(
                    title="Strike vote: pay for waiting time",
                    intro="",
                    preset="simple-majority",
                    group=GROUP,
                    question="Do we log off together if Uber does not move?",
                    opens_at=now - timedelta(minutes=5),
                    closes_at=now + voting,
                    zone=self.zone,
                    trustee_ids=[t.member_id for t in trustees],
                ),
            )
        organizer = self.staff["organizer"].visitor
        organizer.open(f"/ballots/{self.ballot}/run")
        organizer.send("/run/ask-keys")
        keys = {}
        for trustee in trustees:
            keys[trustee.name] = make_key(group_named(GROUP), secrets.randbelow)
            trustee.visitor.open(f"/ballots/{self.ballot}/key")
            trustee.visitor.post_json(
                f"/ballots/{self.ballot}/key", {"public_key": keys[trustee.name].public.record().decode()}
            )
        organizer.open(f"/ballots/{self.ballot}/run")
        organizer.send("/run/credentials")
        self.wait("the ballot to open", lambda: self._state() == "open")
        self.say(
            "three trustees made their keys, voting codes were handed out, the ballot opened by the clock"
        )
        return keys

    def _state(self) -> str:
        with reading() as session:
            return board.ballot_page(session, self.ballot, SYSTEM, utcnow()).state

    def vote(self, election: Election, person: Somebody) -> None:
        """Open the link that came, encrypt, cast, keep the tracker."""
        link = self.post.wait_for(person.address, rf"(/ballots/{election.uuid}/booth#\S+)")
        path, _, code = link.partition("#")
        n = person.number
        choice = [1, 0, 0] if n % 10 < 8 else [0, 1, 0] if n % 10 == 8 else [0, 0, 1]  # noqa: PLR2004 - four in five
        person.visitor.open(path)
        sealed = make_ballot(election, code, [choice], secrets.randbelow).decode()
        receipt = person.visitor.post_json(f"/ballots/{self.ballot}/cast", {"ballot": sealed})
        self.trackers[person.member_id or person.address] = receipt["tracker"]

    def voting(self) -> None:
        """Let nine in ten vote; the tenth stays away."""
        with reading() as session:
            election = Election.read(board.election_record(session, self.ballot))
        voters = [p for p in self.people if p.number % 10]
        self.all_do("voting     ", partial(self.vote, election), voters)
        self.say(f"{len(voters)} encrypted ballots cast, each with a signed receipt")

    def count_votes(self, keys: dict[str, KeyPair]) -> None:
        """Wait for the close, let each trustee decrypt, verify the published archive."""
        self.wait("the ballot to close", lambda: self._state() == "closed", patience=120)
        for name, key in keys.items():
            visitor = self.staff[name].visitor
            visitor.open(f"/ballots/{self.ballot}/decrypt")
            election = Election.read(
                visitor.http.get(f"{self.base}/ballots/{self.ballot}/election.json").content
            )
            pairs = read_tally(
                election, visitor.http.get(f"{self.base}/ballots/{self.ballot}/tally.json").content
            )
            partial_, strong = decrypt_partially(election, pairs, key.private_key, secrets.randbelow)
            visitor.post_json(
                f"/ballots/{self.ballot}/decrypt",
                {"decryption": partial_.record().decode(), "strong_proofs": strong.decode()},
            )
        self.wait("the result", lambda: self._state() == "concluded")
        bel = (
            self.staff["organizer"].visitor.http.get(f"{self.base}/ballots/{self.ballot}/archive.bel").content
        )
        path = self.out / f"{election.uuid}.bel"
        path.write_bytes(bel)
        report = verify(path)
        if not report.holds:
            raise Unexpected("\n".join(report.lines()))
        self.say(f"closed by the clock, decrypted by three trustees: {report.result}; {path.name} verifies")
        self.wait("the mandate", self._mandated)
        self.say("the vote passed its rule: the campaign has a mandate")

    def _mandated(self) -> bool:
        with reading() as session:
            found = campaigns.mandate_in_force(session, campaigns.card(session, self.slug).id, utcnow())
        return found is not None

    # The action.

    def plan_action(self) -> None:
        """Plan an action seconds away; two organizers test and sign it over HTTP."""
        now = utcnow().replace(microsecond=0)
        starts = (now + timedelta(seconds=13) + self.pace * 20).replace(microsecond=0)
        ends = starts + timedelta(seconds=5) + self.pace * self.count * 0.8
        self.starts_at = starts
        kit = KITS[Kind.LOG_OFF]
        with transaction() as session:
            organizer = members.actor_of(session, self.staff["organizer"].member_id)
            self.action = acting.draft(
                session,
                actor=organizer,
                now=now,
                campaign_slug=self.slug,
                plan=Plan(
                    kind=Kind.LOG_OFF,
                    title="Offline together",
                    summary="We log off at the same moment.",
                    targets=(PLATFORM,),
                    before=kit.before,
                    steps=kit.steps,
                    wall_start=wall(starts, self.zone),
                    wall_end=wall(ends, self.zone),
                    zone=self.zone,
                    floor=self.count // 2,
                    briefing=60,
                    decision=0,
                    to_act=0,
                    sms_route="desk",
                ),
            )
        console = f"/actions/{self.action}/console"
        first, second = self.staff["organizer"], self.staff["second"]
        first.visitor.open(console)
        first.visitor.send("/schedule")
        for person in (first, second):
            person.visitor.open(console)
            person.visitor.send("/test")
        for person in (first, second):
            self.post.wait_for(person.address, "(Test|test)")
        time.sleep(1)
        first.visitor.open(console)
        first.visitor.send("/arm")
        second.visitor.open(console)
        second.visitor.send("/confirm")
        self.say("an action was planned, tested and armed by two organizers")

    def act(self) -> None:
        """Wait for the moment, then check in: half by button, half by answering the text."""
        self.wait("the action to start", lambda: self._action_state() == "live", patience=90)
        with reading() as session:
            entries = audit.newest(session, subject=f"action/{self.action}")
        late = next(e.at for e in entries if e.act == "action.fire") - self.starts_at
        self.say(f"the action started for everybody, {late.total_seconds() * 1000:.0f} ms after its moment")
        for person in self.people[: len(self.people) // 3]:
            self.post.wait_for(person.address, rf"(/actions/{self.action})")
        inside = [p for p in self.people if p.number % 4]
        self.all_do("checking in", self.check_in, inside)
        self.say(f"{len(inside)} checked in: by button or by text message OUT")

    def check_in(self, person: Somebody) -> None:
        """Say "I'm out"."""
        if "@" in person.address:
            person.visitor.open(f"/actions/{self.action}")
            person.visitor.send("/out")
        elif self.post.twilio.reply(f"{self.base}/twilio/inbound", sender=person.address, body="OUT") >= 300:  # noqa: PLR2004
            raise Unexpected("the reply was not taken")

    def _action_state(self) -> str:
        with reading() as session:
            return str(acted.action_page(session, self.action, SYSTEM, utcnow(), "en").card.state)

    def debrief(self) -> None:
        """Write what was learnt and keep the page."""
        self.wait("the action to end", lambda: self._action_state() in {"ended", "debriefed"}, patience=90)
        organizer = self.staff["organizer"].visitor
        organizer.open(f"/actions/{self.action}/debrief/write")
        organizer.send(
            went_well="Everybody knew the moment beforehand.",
            went_badly="Two chapters had no meeting point.",
            learn="Brief a day ahead and name a meeting point per chapter.",
            publish="y",
        )
        page = organizer.http.get(f"{self.base}/actions/{self.action}/debrief.html")
        (self.out / "debrief.html").write_bytes(page.content)
        texts, mails = self.post.count()
        self.say(f"ended and debriefed; {texts} texts and {mails} emails were delivered")

    def keep(self) -> None:
        """Leave the timeline and every message beside the archive."""
        (self.out / "timeline.txt").write_text("\n".join(self.lines) + "\n")
        click.echo(f"\nIn {self.out}: {', '.join(sorted(p.name for p in self.out.iterdir()))}")


def daylight(now: datetime) -> str:
    """Return a zone in which it is day: by night no voting code is texted, and the story cannot wait."""
    hours = {zone: now.astimezone(ZoneInfo(zone)).hour for zone in DAYLIGHT}
    return next(zone for zone, hour in hours.items() if MORNING <= hour < EVENING)


def wall(instant: datetime, zone: str) -> str:
    """Return an instant as the local time of the story, to the second."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}"


def play(*, members: int, out: Path) -> None:
    """Tell the story from an empty folder and leave what came of it in `out`."""
    shutil.rmtree(out, ignore_errors=True)
    (out / "messages").mkdir(parents=True)
    port = running.free_port()
    with ExitStack() as stack:
        post, smtp_url, twilio_url = stack.enter_context(office(out / "messages"))
        settings = replace(
            Settings.from_environment(),
            environment="development",
            home=out / "state",
            database_url=f"sqlite:///{out / 'state' / 'union.db'}",
            public_url=f"http://127.0.0.1:{port}",
            secret_key_file=out / "state" / "secret.key",
            data_key_file=out / "state" / "data.key",
            union_name="Datavakbond",
            smtp_url=smtp_url,
            mail_from="union@datavakbond.example",
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=TOKEN,
            twilio_messaging_service_sid=SERVICE,
            twilio_api_url=twilio_url,
        )
        settings.home.mkdir(parents=True)
        upgrade(settings.database_url)
        start(settings)
        env = running.environment(
            settings,
            UNION_SMTP_URL=smtp_url,
            UNION_MAIL_FROM=settings.mail_from,
            UNION_TWILIO_ACCOUNT_SID=ACCOUNT,
            UNION_TWILIO_AUTH_TOKEN=TOKEN,
            UNION_TWILIO_MESSAGING_SERVICE_SID=SERVICE,
            UNION_TWILIO_API_URL=twilio_url,
            UNION_SECRET_KEY_FILE=str(settings.secret_key_file),
            UNION_DATA_KEY_FILE=str(settings.data_key_file),
        )
        log = stack.enter_context((out / "processes.log").open("wb"))
        processes = [running.start_web(env, port, log=log), running.start_scheduler(env, log=log)]
        stack.callback(running.stop, processes)
        running.wait_for_web(port, processes[0])
        tell(Story(settings, post, out, members))


def tell(story: Story) -> None:
    """Go from joining to the debrief."""
    story.found_the_union()
    story.announce()
    for n in range(story.count):
        name = f"{FIRST[n % len(FIRST)]} {LAST[n % len(LAST)]} {n}"
        address = f"member{n}@leden.example" if n % 2 else f"+316121{n:05d}"
        story.people.append(Somebody(n, name, address, Visitor(story.base, n)))
    story.all_do("joining    ", story.join, story.people)
    story.all_do("confirming ", story.confirm, story.people)
    story.say(f"{story.count} joined and confirmed by code, half by text, half by email")
    story.admit()
    before = stopwatch()
    story.all_do("pledging   ", story.pledge, story.people)
    # how long the vote must stay open, and how far ahead the action must lie, is this machine's pace
    story.pace = timedelta(seconds=(stopwatch() - before) / story.count)
    story.settle()
    keys = story.launch()
    story.voting()
    story.count_votes(keys)
    story.plan_action()
    story.act()
    story.debrief()
    story.keep()
