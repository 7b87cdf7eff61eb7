"""Fill an empty union with a small story: members, campaigns in every stage, an open ballot, an action.

Everything goes through the rooms' own verbs, so the seed is true: real keys, real ballots, a real tally.
"""

import json
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from union.actions import service as acting
from union.actions.rules.kits import KITS
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.ballots import queries as board
from union.ballots import service as voting
from union.ballots.crypto import (
    Election,
    KeyPair,
    decrypt_partially,
    group_named,
    make_ballot,
    make_key,
    read_tally,
)
from union.campaigns import queries as campaigns
from union.campaigns import service as campaigning
from union.campaigns.service.votes import StrikeVote
from union.core.actor import SYSTEM, Actor, Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.i18n import translate
from union.core.settings import Settings
from union.demo import arc, ceremony, orders
from union.demo import messages as post
from union.demo.organizing import organize
from union.demo.people import CHAPTERS, people
from union.demo.texts import CAMPAIGNS, DEMANDS, DEMANDS_STAND, UPDATES, Story
from union.members import queries as members
from union.members import service as registry
from union.members.forms import SMS_WORDS
from union.notify import delivery
from union.notify import queries as messages
from union.notify import service as notify
from union.notify.channels.desk import Desk
from union.notify.delivery import Sender
from union.notify.rules.kinds import Channel
from union.platforms import service as directory

COUNT = 96
NOTE = "demo.json"
LINK_LASTS = timedelta(hours=12)
ZONE = "Europe/Amsterdam"
CODE = re.compile(
    r"#([1-9A-HJ-NP-Za-km-z]{5}-[1-9A-HJ-NP-Za-km-z]{6}-[1-9A-HJ-NP-Za-km-z]{5}-[1-9A-HJ-NP-Za-km-z]{6})"
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class People:
    """Ids of those the printed links are for."""

    member: str
    organizers: tuple[str, str]
    trustees: tuple[str, ...]
    officer: str


class Seed:
    """One run of seeding: who is who, and the clock of the story."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self.say = say
        self.now = utcnow()
        self.everybody: list[str] = []
        self.booth = ""

    def actor(self, session: Session, member_id: str) -> Actor:
        """Return the member as an actor."""
        return members.actor_of(session, member_id)

    def deliver(self, now: datetime) -> None:
        """Let everything that is waiting arrive at the message desk, as if it were `now`."""
        sender = Sender(self.settings.union_name, self.settings.public_url)
        for channel in Channel:
            delivery.deliver(Desk(channel), sender, clock=lambda: now)

    def fill_register(self, count: int = COUNT) -> People:
        """Load the directory and let `count` people join."""
        now = self.now - timedelta(days=70)
        with transaction() as session:
            directory.load_directory(session, actor=SYSTEM, now=now)
            for slug, name, zone in CHAPTERS:
                registry.add_chapter(session, actor=SYSTEM, name=name, zone=zone, slug=slug, now=now)
        found = people(count)
        with transaction() as session:
            for person in found:
                member_id = registry.create_member(
                    session,
                    actor=SYSTEM,
                    name=person.name,
                    address=person.email,
                    phone=person.phone,
                    chapter=person.chapter,
                    language=person.language,
                    zone=person.zone,
                    now=now,
                )
                self.everybody.append(member_id)
                if person.role:
                    registry.grant_role(session, actor=SYSTEM, member_id=member_id, role=person.role, now=now)
                actor = self.actor(session, member_id)
                registry.set_platforms(session, actor=actor, platforms=person.platforms, now=now)
                if person.phone:
                    registry.opt_in_sms(
                        session,
                        actor=actor,
                        text=translate(person.language, SMS_WORDS),
                        device="demo",
                        now=now,
                    )
        ids = self.everybody
        return People(ids[0], (ids[1], ids[2]), tuple(ids[3:6]), ids[6])

    def campaign(self, story: Story, organizer: str) -> str:
        """Create and publish a campaign as long ago as its story says, with its demands."""
        began = self.now - timedelta(days=story.days_ago)
        with transaction() as session:
            actor = self.actor(session, organizer)
            unit = members.count_active(session, story.platform)
            slug = campaigning.create(
                session,
                actor=actor,
                now=began,
                draft=campaigning.Draft(
                    platform_slug=story.platform,
                    title=story.title,
                    demand=story.demand,
                    summary=story.summary,
                    reasons=story.reasons,
                    pledge_text=story.pledge,
                    unit=unit,
                    goal=story.goal or unit,
                    threshold=min(story.threshold, unit * 3 // 4),
                    pledge_deadline=began + timedelta(days=story.round_days),
                    zone=ZONE,
                ),
            )
            if story.stage == "draft":
                return slug
            campaigning.publish(session, slug=slug, actor=actor, now=began)
            for place, (title, text) in enumerate(DEMANDS.get(story.platform, ())):
                demand = campaigning.propose(
                    session, slug=slug, actor=actor, title=title, text=text, public=True, now=began
                )
                for member_id in members.eligible(session, platform_slug=story.platform)[: 9 - 2 * place]:
                    campaigning.endorse(
                        session, demand_id=demand, actor=self.actor(session, member_id), now=began
                    )
                for status in DEMANDS_STAND.get(story.stage, ("adopted",)):
                    campaigning.move_demand(
                        session, demand_id=demand, actor=actor, status=status, now=began, note=""
                    )
        return slug

    def pledge(
        self, slug: str, platform: str, share: float, days_ago: int, *, without: Collection[str] = ()
    ) -> None:
        """Let a share of the platform's members pledge, each with a minimum of their own."""
        at = self.now - timedelta(days=days_ago)
        with reading() as session:
            unit = members.eligible(session, platform_slug=platform)
        chosen = [m for n, m in enumerate(unit) if n < len(unit) * share and m not in without]
        with transaction() as session:
            most = max(2, min(20, len(unit) // 2))
            for n, member_id in enumerate(chosen):
                actor = self.actor(session, member_id)
                campaigning.pledge(session, slug=slug, actor=actor, at_least=1 + n * 7 % most, now=at)
            campaigning.refresh(session, slug=slug, actor=SYSTEM, now=at)

    def settle(self, slug: str, when: datetime) -> None:
        """End the pledge round at `when`."""
        with transaction() as session:
            campaigning.settle(
                session, slug=slug, actor=SYSTEM, now=when, public_url=self.settings.public_url
            )
        self.deliver(when)

    def strike_vote(self, slug: str, who: People, *, opened: timedelta, closes: timedelta, group: str) -> str:
        """Launch a strike vote that opened `opened` ago and closes `closes` from now; return its slug."""
        began = self.now - opened - timedelta(days=1)
        with transaction() as session:
            card = campaigns.card(session, slug)
            actor = self.actor(session, who.organizers[0])
            ballot = campaigning.launch_strike_vote(
                session,
                slug=slug,
                actor=actor,
                now=began,
                vote=StrikeVote(
                    title=f"Strike vote: {card.title}",
                    intro=card.demand,
                    question="Do we act together, on a day the organizers set, if the company does not move?",
                    preset="simple-majority",
                    group=group,
                    opens_at=self.now - opened,
                    closes_at=self.now + closes,
                    zone=ZONE,
                    trustee_ids=who.trustees,
                ),
            )
            voting.ask_for_keys(
                session, actor=actor, now=began, slug=ballot, public_url=self.settings.public_url
            )
        keys = self.make_keys(ballot, who, group, began)
        with transaction() as session:
            actor = self.actor(session, who.organizers[0])
            voting.issue_credentials(
                session, actor=actor, now=began, slug=ballot, public_url=self.settings.public_url
            )
        # at the desk from now: what arrived days ago would have been wiped by now
        self.deliver(self.now)
        with transaction() as session:
            voting.open_ballot(session, actor=SYSTEM, now=self.now - opened, slug=ballot)
        self.keep_keys(ballot, who, keys)
        return ballot

    def make_keys(self, ballot: str, who: People, group: str, now: datetime) -> dict[str, KeyPair]:
        """Make each trustee's key and hand in the public part."""
        keys = {}
        for member_id in who.trustees:
            keys[member_id] = make_key(group_named(group), secrets.randbelow)
            with transaction() as session:
                voting.submit_trustee_key(
                    session,
                    actor=self.actor(session, member_id),
                    now=now,
                    slug=ballot,
                    text=keys[member_id].public.record().decode(),
                    public_url=self.settings.public_url,
                )
        return keys

    def keep_keys(self, ballot: str, who: People, keys: dict[str, KeyPair]) -> None:
        """Write the demo trustees' key files where whoever plays them finds them."""
        folder = self.settings.home / "demo-keys"
        folder.mkdir(mode=0o700, exist_ok=True)
        with reading() as session:
            election = Election.read(board.election_record(session, ballot))
            names = members.display_names(session, who.trustees)
        for member_id, key in keys.items():
            content = {
                "kind": "union-trustee-key",
                "version": 1,
                "uuid": election.uuid,
                "group": election.group.name,
                "trustee": names[member_id],
                "public_key": str(key.public.public_key),
                "private_key": str(key.private_key),
            }
            path = folder / f"{ballot}--{names[member_id].replace(' ', '-').lower()}.json"
            path.touch(mode=0o600)
            path.write_text(json.dumps(content, indent=1) + "\n")

    def credentials(self, ballot: str) -> dict[str, str]:
        """Return address → private voting code, as the members read them at the message desk."""
        found: dict[str, str] = {}
        with reading() as session:
            page, pages = 1, 1
            while page <= pages:
                listed = messages.messages(
                    session, page=page, ref=f"ballot:{ballot}", desk=True, secrets=True
                )
                pages = listed.pages
                for row in listed.rows:
                    read = messages.message(session, row.id, secrets=True)
                    if code := CODE.search(read.body):
                        found[read.to] = code[1]
                page += 1
        return found

    def booth_link(self, ballot: str, member_id: str) -> str:
        """Return the booth's address with the member's voting code, as in the member's own message."""
        codes = self.credentials(ballot)
        with reading() as session:
            [contact] = members.contacts(session, [member_id])
        code = codes.get(contact.phone or "") or codes[contact.email or ""]
        return f"{self.settings.public_url}/ballots/{ballot}/booth#{code}"

    def voters(self, ballot: str) -> list[tuple[str, str]]:
        """Return (member, private voting code) of everybody on the roll but the demo member."""
        codes = self.credentials(ballot)
        with reading() as session:
            contacts = members.contacts(session, self.everybody[1:])
        return [
            (c.member_id, code)
            for c in contacts
            if (code := codes.get(c.phone or "") or codes.get(c.email or ""))
        ]

    def vote(self, ballot: str, yes: float, turnout: float) -> None:
        """Let a share of the members on the roll vote, all but the demo member."""
        voters = self.voters(ballot)
        with reading() as session:
            election = Election.read(board.election_record(session, ballot))
        voters = voters[: max(1, int(len(voters) * turnout))]
        signer = voting.Signer(self.settings.secret_key())
        for n, (member_id, code) in enumerate(voters):
            choice = [1, 0, 0] if n < len(voters) * yes else [0, 1, 0] if n % 2 else [0, 0, 1]
            text = make_ballot(election, code, [choice], secrets.randbelow).decode()
            with transaction() as session:
                voting.cast(
                    session,
                    actor=self.actor(session, member_id),
                    slug=ballot,
                    text=text,
                    now=self.now,
                    signer=signer,
                )

    def count(self, ballot: str, who: People, closes_at: datetime) -> None:
        """Close, let the trustees decrypt, conclude."""
        url = self.settings.public_url
        with transaction() as session:
            voting.close_ballot(session, actor=SYSTEM, now=closes_at, slug=ballot, public_url=url)
        self.decrypt(ballot, who, closes_at)

    def decrypt(self, ballot: str, who: People, closes_at: datetime) -> None:
        """Let each trustee give a share of the count, with the key kept for whoever plays them."""
        url = self.settings.public_url
        with reading() as session:
            election = Election.read(board.election_record(session, ballot))
            pairs = read_tally(election, board.encrypted_tally(session, ballot))
        folder = self.settings.home / "demo-keys"
        with reading() as session:
            names = members.display_names(session, who.trustees)
        for member_id in who.trustees:
            path = folder / f"{ballot}--{names[member_id].replace(' ', '-').lower()}.json"
            private = election.group.scalar(json.loads(path.read_text())["private_key"])
            partial, strong = decrypt_partially(election, pairs, private, secrets.randbelow)
            with transaction() as session:
                voting.submit_decryption(
                    session,
                    actor=self.actor(session, member_id),
                    now=closes_at,
                    slug=ballot,
                    decryption=partial.record().decode(),
                    strong_proofs=strong.decode(),
                    public_url=url,
                )
        self.deliver(closes_at)

    def mandate(self, slug: str, who: People) -> None:
        """Hold a whole strike vote that passes, and take its mandate."""
        closes = utcnow() - self.now + timedelta(seconds=45)  # by the clock: seeding may be slow
        ballot = self.strike_vote(slug, who, opened=timedelta(days=7), closes=closes, group="Ed25519")
        self.vote(ballot, yes=0.85, turnout=0.8)
        self.count(ballot, who, self.now + closes)
        with transaction() as session:
            campaigning.grant_mandates(session, slug=slug, actor=SYSTEM, now=self.now + closes)

    def action(self, slug: str, platform: str, who: People, *, starts_in: timedelta) -> str:
        """Plan, test and arm an action some minutes away, by two organizers."""
        starts = (self.now + starts_in).replace(second=0, microsecond=0)
        local = starts.astimezone(ZoneInfo(ZONE))
        kit = KITS[Kind.LOG_OFF]
        with transaction() as session:
            notify.beat(session, now=self.now, process="scheduler")
            organizer = self.actor(session, who.organizers[0])
            action = acting.draft(
                session,
                actor=organizer,
                now=self.now,
                campaign_slug=slug,
                plan=Plan(
                    kind=Kind.LOG_OFF,
                    title="Two hours offline, together",
                    summary="We log off at the same moment, so that the company sees what it is without us.",
                    targets=(platform,),
                    before=kit.before,
                    steps=kit.steps,
                    wall_start=f"{local:%Y-%m-%dT%H:%M}",
                    wall_end=f"{local + timedelta(hours=2):%Y-%m-%dT%H:%M}",
                    zone=ZONE,
                    floor=10,
                    briefing=24 * 60,
                    decision=2,
                    to_act=1,
                    sms_route="desk",
                    chase=60,
                ),
            )
            acting.schedule(session, actor=organizer, now=self.now, slug=action)
        arc.plan_a_vote(self, action, who)
        with transaction() as session:
            for one in who.organizers:
                acting.send_test(session, actor=self.actor(session, one), now=self.now, slug=action)
        self.deliver(self.now)
        with transaction() as session:
            acting.arm(session, actor=self.actor(session, who.organizers[0]), now=self.now, slug=action)
            acting.confirm(session, actor=self.actor(session, who.organizers[1]), now=self.now, slug=action)
        return action


def ensure(settings: Settings, say: Say) -> People:
    """Seed an empty union; leave one that has members alone. Return who the links are for."""
    with reading() as session:
        if members.count_active(session):
            return known(session)
    seed = Seed(settings, say)
    say("Filling a demo union, about half a minute:")
    say("  members, chapters, platforms")
    who = seed.fill_register()
    for story in CAMPAIGNS:
        say(f"  campaign: {story.title} ({story.stage})")
        tell(seed, story, who)
    from union.demo import signatures  # noqa: PLC0415 - it builds on this module

    say("  petition, open letter and boycott")
    signatures.gather(seed, who.organizers[0])
    say("  organizing work")
    local = organize(seed.everybody, who.organizers[0], who.member, seed.now)
    with transaction() as session:
        organizer = seed.actor(session, who.organizers[0])
        post.fill(session, settings, organizer=organizer, other=who.organizers[1], now=seed.now)
    say("  a ballot whose key two of three trustees hold")
    ceremony.begin(seed, who)
    note = settings.home / NOTE
    note.touch(mode=0o600)
    note.write_text(json.dumps({"member": who.member, "booth": seed.booth, "local": local}))
    return who


def tell(seed: Seed, story: Story, who: People) -> None:
    """Bring one campaign to the stage its story is at."""
    slug = seed.campaign(story, who.organizers[0])
    if story.stage == "draft":
        return
    # whoever plays the demo's member finds a pledge to make, and an action to take part in
    left = {who.member} if story.stage == "gathering" else ()
    seed.pledge(slug, story.platform, story.share, max(story.days_ago - 2, 0), without=left)
    for title, text, days_ago in UPDATES.get(story.platform, ()):
        with transaction() as session:
            campaigning.add_update(
                session,
                slug=slug,
                actor=seed.actor(session, who.organizers[1]),
                title=title,
                text=text,
                now=seed.now - timedelta(days=days_ago),
            )
    if story.stage == "gathering":
        return
    seed.settle(slug, seed.now - timedelta(days=story.days_ago - story.round_days))
    if story.stage == "ballot":
        ballot = seed.strike_vote(
            slug, who, opened=timedelta(days=2), closes=timedelta(days=3), group="BELENIOS-2048"
        )
        seed.vote(ballot, yes=0.8, turnout=0.4)
        seed.booth = seed.booth_link(ballot, who.member)
    if story.stage in {"mandated", "acting"}:
        seed.mandate(slug, who)
    if story.stage == "acting":
        orders.priorities(seed, slug, who, ZONE)
        seed.action(slug, story.platform, who, starts_in=timedelta(minutes=13))
    if story.stage == "bargaining":
        arc.set_the_table(seed, slug, who)
    with transaction() as session:
        actor = seed.actor(session, who.organizers[0])
        if story.stage == "won":
            campaigning.win(session, slug=slug, actor=actor, text=story.end, now=seed.now - timedelta(days=3))
        if story.stage == "closed":
            campaigning.close(
                session, slug=slug, actor=actor, text=story.end, now=seed.now - timedelta(days=9)
            )


def known(session: Session) -> People:
    """Find the people of an earlier run by their roles."""
    organizers = members.with_role(session, Role.ORGANIZER)
    trustees = members.with_role(session, Role.TRUSTEE)
    officers = members.with_role(session, Role.OFFICER)
    others = set(members.eligible(session)) - {*organizers, *trustees, *officers}
    if len(organizers) < 2 or not trustees or not officers or not others:  # noqa: PLR2004
        raise SystemExit(
            "This union was not made by `make run`; start it with gunicorn and `union scheduler run`."
        )
    return People(min(others), (organizers[0], organizers[1]), tuple(trustees), officers[0])


def remembered(settings: Settings) -> dict[str, str]:
    """Return what the seed noted: the demo member who has not voted, and that member's way into the booth."""
    note = settings.home / NOTE
    kept: dict[str, str] = json.loads(note.read_text()) if note.exists() else {}
    return kept


def links(settings: Settings, who: People) -> list[tuple[str, str]]:
    """Return (label, address): a sign-in link per role, good once for twelve hours, and a way to vote."""
    kept = remembered(settings)
    member = kept.get("member", who.member)
    people_for = [
        ("member", member, "/home"),
        ("organizer", who.organizers[0], "/console"),
        ("second organizer", who.organizers[1], "/console"),
        ("trustee", who.trustees[0], "/ballots"),
        ("officer", who.officer, "/console"),
        *([("organizer of one chapter", kept["local"], "/organizing")] if "local" in kept else []),
    ]
    found = []
    with transaction() as session:
        names = members.display_names(session, [m for _, m, _ in people_for])
        for label, member_id, onward in people_for:
            link = registry.issue_link(
                session,
                actor=SYSTEM,
                member_id=member_id,
                now=utcnow(),
                site=settings.public_url,
                lasts=LINK_LASTS,
                onward=onward,
            )
            found.append((f"{label}: {names[member_id]}", link))
    if kept.get("booth"):
        found.insert(1, ("  then vote, with the code", kept["booth"]))
    return found
