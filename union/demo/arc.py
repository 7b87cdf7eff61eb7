"""The arc after the mandate, for the demo: a vote planned with the action, and a table where offers lie."""

from datetime import timedelta

from union.actions import service as acting
from union.actions.service import VotePlan
from union.bargaining import queries as table
from union.bargaining import service as bargaining
from union.bargaining.rules.agreements import Side
from union.core.db import transaction
from union.demo.seed import People, Seed

MINUTES = (
    "The company explained why it changes fees when it does. We explained what a shop can plan on."
    " Both sides bring numbers to the next session."
)


def plan_a_vote(seed: Seed, action: str, who: People) -> None:
    """Let members vote during the action on going on for a day; the server alone holds the key."""
    with transaction() as session:
        acting.plan_vote(
            session,
            actor=seed.actor(session, who.organizers[0]),
            now=seed.now,
            slug=action,
            vote=VotePlan(
                title="One day longer",
                question="If the company has not answered by then: do we stay offline for a day longer?",
                steps=(
                    "Tell one colleague why you are offline.",
                    "Keep screenshots of what they offer.",
                ),
                more=24 * 60,
                after=20,
                window=60,
                preset="simple-majority",
                group="Ed25519",
                server_trustee=True,
            ),
            site=seed.settings.public_url,
        )


def set_the_table(seed: Seed, slug: str, who: People) -> None:
    """Open the table: two sit, a session was held, each side made an offer, a letter is drafted."""
    with transaction() as session:
        organizer, sitter = (seed.actor(session, one) for one in who.organizers)
        then = seed.now - timedelta(days=12)
        bargaining.open_table(session, actor=organizer, now=then, campaign_slug=slug)
        for one in who.organizers:
            bargaining.seat(
                session, actor=organizer, now=then, slug=slug, member_id=one,
                mandate="Notice of four months at the least; anything less goes back to members.",
                until=seed.now + timedelta(days=120),
            )  # fmt: skip
        held = seed.now - timedelta(days=5)
        meeting = bargaining.plan_meeting(
            session, actor=sitter, now=then, slug=slug, starts_at=held, zone="Europe/Amsterdam",
            place="By video", agenda="Notice of fees\nWhat a fee may follow",
        )  # fmt: skip
        bargaining.write_minutes(
            session, actor=sitter, now=held + timedelta(hours=2), meeting_id=meeting, minutes=MINUTES,
            team_notes="",
        )  # fmt: skip
        bargaining.plan_meeting(
            session, actor=sitter, now=seed.now, slug=slug, starts_at=seed.now + timedelta(days=6),
            zone="Europe/Amsterdam", place="By video", agenda="Their numbers\nOur answer",
        )  # fmt: skip
        points = [point.id for point in table.points(session, slug, sitter)]
        offers = (
            (Side.UNION, "No fee rises sooner than six months after every shop was told.", 9),
            (Side.PLATFORM, "No fee rises sooner than one month after it was put on the site.", 7),
            (Side.UNION, "No fee rises sooner than four months after every shop was told.", 6),
            (Side.PLATFORM, "No fee rises sooner than two months after it was put on the site.", 4),
        )
        for side, words, days in offers:
            bargaining.make_offer(
                session, actor=sitter, now=seed.now - timedelta(days=days), slug=slug, side=side,
                texts=dict.fromkeys(points[:1], words), note="", answer_by=None,
            )  # fmt: skip
        bargaining.draft_letter(
            session, actor=sitter, now=seed.now, slug=slug, template="ultimatum", language="en",
            union_name=seed.settings.union_name,
        )  # fmt: skip
