"""What anybody may sign in the demo union: a petition, an open letter handed over, a boycott.

Every signature is given, sent its link, and confirmed by that link, as a person would.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from union.campaigns import service as campaigning
from union.campaigns.service import Signer, Visitor
from union.core.db import reading, transaction
from union.demo.people import FIRST, LAST
from union.demo.seed import ZONE, Seed
from union.notify import queries as messages

_LINK = re.compile(r"/yes/([\w-]{43})")
_PLACES = ("Amsterdam", "Rotterdam", "Utrecht", "Groningen", "Tilburg", "")


@dataclass(frozen=True)
class Sheet:
    """One thing to sign. given, confirmed: how many signatures; one in three chooses to be named."""

    kind: str
    platform: str
    title: str
    demand: str
    summary: str
    text: str
    goal: int
    given: int
    confirmed: int
    days_ago: int = 6
    to_whom: str = ""


SHEETS = (
    Sheet(
        "petition", "uber", "Show drivers their own data",
        "Uber gives every driver, each month, the trips, ratings and decisions it keeps about them.",
        "We ask for what the law gives us already, without letters, fees and a wait of months.",
        "We, who drive and who ride, ask Uber to give every driver each month, in a file that can be opened, "
        "all it keeps about them: trips, ratings, prices offered and refused, and every decision made by a "
        "machine.",
        goal=60, given=41, confirmed=34,
    ),
    Sheet(
        "letter", "instagram", "A letter about our pictures",
        "Meta sits down with the people whose pictures it trains on.",
        "Photographers, shopkeepers and parents wrote this letter together.",
        "To the board of Meta Platforms Ireland.\n\nYou train on what we post. We never agreed to that: we "
        "agreed to show pictures to each other.\n\nWe ask you to sit down with us before the next model, to "
        "ask first from then on, and to pay where we say yes.\n\nWe can be reached through our union.",
        goal=30, given=33, confirmed=31, days_ago=12, to_whom="the data protection officer of Meta Ireland",
    ),
    Sheet(
        "boycott", "thuisbezorgd", "No orders on Friday nights",
        "No delivery pays less than the minimum wage for the minutes it takes.",
        "Riders ask the people they ride for to leave the app alone on the busiest night.",
        "I order nothing through Thuisbezorgd on Friday nights until riders are paid a floor for every "
        "delivery.",
        goal=50, given=22, confirmed=19, days_ago=4,
    ),
)  # fmt: skip


def gather(seed: Seed, organizer: str) -> None:
    """Publish what there is to sign, let people sign and confirm, and hand the letter over."""
    for sheet in SHEETS:
        _sign_all(seed, _publish(seed, organizer, sheet), sheet)


def _publish(seed: Seed, organizer: str, sheet: Sheet) -> str:
    began = seed.now - timedelta(days=sheet.days_ago)
    with transaction() as session:
        actor = seed.actor(session, organizer)
        slug = campaigning.create(
            session,
            actor=actor,
            now=began,
            draft=campaigning.Draft(
                platform_slug=sheet.platform,
                title=sheet.title,
                demand=sheet.demand,
                summary=sheet.summary,
                reasons="",
                pledge_text=sheet.text,
                unit=sheet.goal,
                goal=sheet.goal,
                threshold=sheet.goal * 4 // 5,
                pledge_deadline=seed.now + timedelta(days=20),
                zone=ZONE,
                kind=sheet.kind,
            ),
        )
        campaigning.publish(session, slug=slug, actor=actor, now=began)
    return slug


def _sign_all(seed: Seed, slug: str, sheet: Sheet) -> None:
    asked = []
    with transaction() as session:
        for n in range(sheet.given):
            first, last = FIRST[n % len(FIRST)], LAST[(n * 5 + len(slug)) % len(LAST)]
            asked.append(
                campaigning.sign(
                    session,
                    slug=slug,
                    visitor=Visitor(f"demo-{slug}-{n}", "nl" if n % 3 else "en", seed.settings.public_url),
                    signer=Signer(
                        name=f"{first} {last}",
                        email=f"{slug}-{n}@example.org",
                        place=_PLACES[n % len(_PLACES)],
                        public=n % 3 == 0,
                        news=n % 4 == 0,
                    ),
                    now=seed.now,
                )
            )
    seed.deliver(seed.now)
    for n, challenge in enumerate(asked[: sheet.confirmed]):
        with reading() as session:
            [row] = messages.messages(session, ref=f"challenge:{challenge}", desk=True, secrets=True).rows
            found = _LINK.search(messages.message(session, row.id, secrets=True).body)
        if found is None:
            continue
        with transaction() as session:
            done = campaigning.confirm_by_link(session, token=found[1], now=seed.now)
            if sheet.kind == "boycott" and n % 2:
                campaigning.check_in(session, token=done.own.rpartition("/")[2], stopped=True)
    if sheet.to_whom:
        with transaction() as session:
            campaigning.hand_over(
                session,
                slug=slug,
                actor=seed.actor(session, seed.everybody[1]),
                at=seed.now,
                to_whom=sheet.to_whom,
                note="Read out at the door; an answer is promised within two weeks.",
                now=seed.now,
            )
