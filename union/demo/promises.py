"""The end of the chain, for the demo: offers, an agreement that members ratified, and what it promises.

One promise was kept, one is overdue and nobody has said so yet, one comes back each month.
"""

from datetime import date, timedelta

from union.ballots import service as voting
from union.ballots.service import Call
from union.bargaining import queries as table
from union.bargaining import service as bargaining
from union.bargaining.rules.agreements import Clause, Concession, Every, Kept, Obligation, Side, Terms
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import transaction
from union.demo import votes
from union.demo.seed import ZONE, People, Seed

OFFERS = (
    (Side.UNION, "Reviews can be taken along within a week, with dates, stars and the buyer's words.", 40),
    (Side.PLATFORM, "Reviews can be taken along within three months, as numbers.", 36),
    (Side.PLATFORM, "Reviews can be taken along within thirty days, with dates, stars and words.", 31),
)
ACCEPTED = 3
PAGE = "Put up a page that says how to ask for reviews"
AGREED, RATIFIED, STARTED = (timedelta(days=n) for n in (30, 22, 20))


def bargain(seed: Seed, slug: str, who: People) -> None:
    """Bargain with the campaign's company to an agreement in force, three weeks old."""
    agreement = _agree(seed, slug, who)
    _ratify(seed, agreement, who)
    with transaction() as session:
        bargaining.enter(session, actor=SYSTEM, now=seed.now - STARTED, slug=agreement)
    with transaction() as session:
        sitter = seed.actor(session, who.organizers[1])
        page = table.agreement_page(session, agreement, sitter, seed.now)
        kept = next(duty for duty in page.duties if duty.title == PAGE)
        bargaining.check_obligation(
            session, actor=sitter, now=seed.now - timedelta(days=12), obligation_id=kept.id, result=Kept.KEPT,
            note="The page is there, and says how to ask. We saved a copy.",
        )  # fmt: skip


def _agree(seed: Seed, slug: str, who: People) -> str:
    """Open the table, exchange offers, and freeze the text that both sides agree on; return its slug."""
    opened = seed.now - timedelta(days=44)
    with transaction() as session:
        organizer, sitter = (seed.actor(session, one) for one in who.organizers)
        bargaining.open_table(session, actor=organizer, now=opened, campaign_slug=slug)
        bargaining.set_contact(
            session, actor=organizer, now=opened, slug=slug, name="bol", email="",
            postal="(an invented counterpart: this is a demo)",
        )  # fmt: skip
        for one in who.organizers:
            bargaining.seat(
                session, actor=organizer, now=opened, slug=slug, member_id=one,
                mandate="Reviews with dates and stars, within a month at the latest.",
                until=seed.now + timedelta(days=120),
            )  # fmt: skip
        [point] = [point.id for point in table.points(session, slug, sitter)]
        for side, words, days in OFFERS:
            bargaining.make_offer(
                session, actor=sitter, now=seed.now - timedelta(days=days), slug=slug, side=side,
                texts={point: words}, note="", answer_by=None,
            )  # fmt: skip
        then = seed.now - AGREED
        bargaining.answer_offer(session, actor=sitter, now=then, slug=slug, number=ACCEPTED, accept=True)
        agreement = bargaining.draft_agreement(
            session, actor=sitter, now=then, slug=slug, union_name=seed.settings.union_name,
            from_offer=ACCEPTED,
        )  # fmt: skip
        drafted = table.agreement_page(session, agreement, sitter, then)
        bargaining.edit_agreement(
            session, actor=sitter, now=then, slug=agreement, language="en",
            terms=_terms(seed, drafted.terms.clauses[0].demand_id, point),
        )  # fmt: skip
        bargaining.agree(session, actor=sitter, now=then, slug=agreement)
    return agreement


def _terms(seed: Seed, demand: str | None, point: str) -> Terms:
    """Return what the agreement says. Days are counted from the day the demo is made."""

    def day(days: int) -> date:
        return (seed.now + timedelta(days=days)).date()

    return Terms(
        title="Agreement with bol on reviews",
        union_party=seed.settings.union_name,
        platform_party="bol",
        preamble="After a campaign of its sellers and three rounds of talks.",
        starts_on=day(-STARTED.days),
        ends_on=day(180),
        clauses=(
            Clause(1, "Portable reviews", OFFERS[-1][1], demand, Concession.CONCEDED, point),
            Clause(2, "Numbers", "Each month bol tells how many sellers asked, and how long it took."),
        ),
        obligations=(
            Obligation(1, PAGE, Side.PLATFORM, day(-13)),
            Obligation(1, "Hand the first ten sellers their reviews", Side.PLATFORM, day(-4)),
            Obligation(2, "Tell how many asked and how long it took", Side.PLATFORM, day(9), Every.MONTH),
        ),
    )


def _ratify(seed: Seed, agreement: str, who: People) -> None:
    """Let the platform's members vote on the very text; the server alone holds the key."""
    url, began = seed.settings.public_url, seed.now - AGREED + timedelta(days=1)
    with transaction() as session:
        organizer = seed.actor(session, who.organizers[0])
        ballot = bargaining.launch_ratification(
            session, actor=organizer, now=began, slug=agreement, public_url=url,
            vote=Call(
                title="Vote: the agreement with bol",
                intro="Read it first. It holds only if you say so.",
                question="Do you accept this agreement?",
                preset="ratification-simple-majority",
                group="BELENIOS-2048",
                opens_at=began + timedelta(days=1),
                closes_at=utcnow() + votes.VOTING,
                zone=ZONE,
                trustee_ids=(),
                server_trustee=True,
            ),
        )  # fmt: skip
        voting.ask_for_keys(session, actor=organizer, now=began, slug=ballot, public_url=url)
        voting.issue_credentials(session, actor=organizer, now=began, slug=ballot, public_url=url)
    # at the desk from now: what arrived weeks ago would have been wiped by now
    seed.deliver(seed.now)
    with transaction() as session:
        voting.open_ballot(session, actor=SYSTEM, now=began + timedelta(days=1), slug=ballot)
    votes.vote(seed, ballot, yes=0.75, turnout=0.8)
    over = votes.close(seed, ballot, seed.now - RATIFIED)
    with transaction() as session:
        bargaining.settle_ratification(session, actor=SYSTEM, now=over, slug=agreement, public_url=url)
