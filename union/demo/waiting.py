"""What waits in the demo and ends by itself: a show of hands, and a claim on strike pay nobody decided on."""

from datetime import timedelta

from sqlalchemy.orm import Session

from union.ballots import service as ballots
from union.core.actor import SYSTEM
from union.core.db import transaction
from union.demo.seed import ZONE, People, Seed
from union.ledger import service as ledger
from union.ledger.rules import PayRule
from union.ledger.service.funds import Draft
from union.members import queries as members

DAY = timedelta(days=1)
DATES = ["Tuesday evening", "Saturday morning", "Sunday, with food"]


def wait(seed: Seed, who: People) -> None:
    """Ask the member's chapter for hands, and let the member's claim wait for three weeks."""
    with transaction() as session:
        _ask(session, seed, who)
        _claim(session, seed, who)


def _ask(session: Session, seed: Seed, who: People) -> None:
    here = members.chapter_of(session, who.member)
    now = seed.now
    poll = ballots.open_poll(
        session,
        actor=seed.actor(session, who.organizers[0]),
        now=now,
        chapter=here,
        question="When do we meet next?",
        answers=DATES,
        lasts=3 * DAY,
    )
    people = [one for one in seed.everybody if one != who.member and members.chapter_of(session, one) == here]
    for n, one in enumerate(people[:12]):
        actor = seed.actor(session, one)
        if actor.active:
            ballots.raise_hand(session, actor=actor, now=now, poll_id=poll, answer=n % len(DATES))


def _claim(session: Session, seed: Seed, who: People) -> None:
    officer, began = seed.actor(session, who.officer), seed.now - 30 * DAY
    days = (began - 4 * DAY).date(), (began - 2 * DAY).date()
    rule = PayRule("Sixty euros a day, from the first day.", 1, 6000, None, True, *days)
    draft = Draft("Three days offline", "", ZONE, rule, began + 9 * DAY)
    slug = ledger.create_fund(session, actor=officer, now=began, draft=draft)
    ledger.open_fund(session, actor=officer, now=began, slug=slug)
    ledger.claim(
        session,
        actor=seed.actor(session, who.member),
        now=began,
        slug=slug,
        days=rule.all_days(),
        payee="A. Example",
        iban="NL91ABNA0417164300",
        hardship=False,
        reason="",
        consent=True,
    )
    ledger.close_due(session, actor=SYSTEM, now=began + 9 * DAY)
