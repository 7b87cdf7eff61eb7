"""Fill an empty union with a small story: members, campaigns in every stage, an open ballot, an action."""

import json
from datetime import timedelta

from union.ballots.extension import Clause
from union.ballots.rules import Share
from union.campaigns import service as campaigning
from union.core.db import reading, transaction
from union.core.settings import Settings
from union.demo import (
    NOTE,
    actions,
    arc,
    ceremony,
    joining,
    links,
    orders,
    promises,
    rounds,
    signatures,
    votes,
    waiting,
)
from union.demo import messages as post
from union.demo.organizing import organize
from union.demo.seed import ZONE, People, Say, Seed
from union.demo.texts import CAMPAIGNS, UPDATES, Story
from union.members import queries as members


def ensure(settings: Settings, say: Say) -> People:
    """Seed an empty union; leave one that has members alone. Return who the links are for."""
    with reading() as session:
        if members.count_active(session):
            return links.known(session)
    seed = Seed(settings, say)
    say("Filling a demo union, about half a minute:")
    say("  members, chapters, platforms")
    who = joining.join(seed)
    for story in CAMPAIGNS:
        say(f"  campaign: {story.title} ({story.stage})")
        tell(seed, story, who)
    say("  petition, open letter and boycott")
    signatures.gather(seed, who.organizers[0])
    say("  organizing work")
    local = organize(seed.everybody, who.organizers[0], who.member, seed.now)
    with transaction() as session:
        organizer = seed.actor(session, who.organizers[0])
        post.fill(session, settings, organizer=organizer, other=who.organizers[1], now=seed.now)
    say("  a show of hands, a claim on strike pay")
    waiting.wait(seed, who)
    say("  a ballot whose key two of three trustees hold")
    ceremony.begin(seed, who)
    note = settings.home / NOTE
    note.touch(mode=0o600)
    note.write_text(json.dumps({"member": who.member, "booth": seed.booth, "local": local}))
    return who


def tell(seed: Seed, story: Story, who: People) -> None:
    """Bring one campaign to the stage its story is at."""
    slug = rounds.publish(seed, story, who.organizers[0])
    if story.stage == "draft":
        return
    # whoever plays the demo's member finds a pledge to make, and an action to take part in
    left = {who.member} if story.stage == "gathering" else ()
    rounds.pledge(seed, slug, story.platform, story.share, max(story.days_ago - 2, 0), without=left)
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
    rounds.settle(seed, slug, seed.now - timedelta(days=story.days_ago - story.round_days))
    _go_on(seed, slug, story, who)


def _go_on(seed: Seed, slug: str, story: Story, who: People) -> None:
    """Take a campaign whose round is over to the stage its story is at."""
    if story.stage == "ballot":
        ballot = votes.strike_vote(
            seed,
            slug,
            who,
            opened=timedelta(days=2),
            closes=timedelta(days=3),
            group="BELENIOS-2048",
            clause=Clause(Share(1, 3), hours=24),
        )
        votes.vote(seed, ballot, yes=0.8, turnout=0.4)
        seed.booth = votes.booth_link(ballot, who.member)
    if story.stage in {"mandated", "acting"}:
        votes.mandate(seed, slug, who)
    if story.stage == "acting":
        orders.priorities(seed, slug, who, ZONE)
        actions.arm(seed, slug, story.platform, who, starts_in=timedelta(minutes=13))
    if story.stage == "bargaining":
        arc.set_the_table(seed, slug, who)
    if story.stage == "won":
        promises.bargain(seed, slug, who)
    with transaction() as session:
        actor = seed.actor(session, who.organizers[0])
        if story.stage == "won":
            campaigning.win(session, slug=slug, actor=actor, text=story.end, now=seed.now - timedelta(days=3))
        if story.stage == "closed":
            campaigning.close(
                session, slug=slug, actor=actor, text=story.end, now=seed.now - timedelta(days=9)
            )
