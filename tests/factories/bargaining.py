"""Tables, teams and agreements for tests, made through the services."""

from datetime import date, timedelta

from tests.conftest import NOW
from tests.factories.campaigns import make_campaign, make_demand
from tests.factories.members import make_member
from union.bargaining import service
from union.bargaining.models import Agreement, BargainingTable
from union.bargaining.rules.agreements import Clause, Concession, Every, Obligation, Side, Terms
from union.bargaining.service.agreements import found, terms_of
from union.campaigns.models import Demand
from union.core.actor import SYSTEM, Role
from union.members import queries as members

UNION = "Datavakbond"
SITE = "http://localhost"


def actor(session, member_id):
    return members.actor_of(session, member_id)


def make_organizer(session, **facts):
    return actor(session, make_member(session, roles=[Role.ORGANIZER], platforms=["rijder"], **facts))


def make_sitter(session, slug, organizer, *, until=None, now=NOW, **facts):
    """Make a member who sits at the table and return the actor."""
    member = make_member(session, platforms=["rijder"], **{"name": "Sita Seat", **facts})
    service.seat(
        session,
        actor=organizer,
        now=now,
        slug=slug,
        member_id=member,
        mandate="Up to the price in demand 1.",
        until=until,
    )
    return actor(session, member)


def make_table(session, *, now=NOW, demands=2, email="contact@rijder.example", **facts):
    """Make a campaign at the table; return (slug, organizer, who sits)."""
    organizer = make_organizer(session, name="Olga Organizer")
    slug = make_campaign(session, now=now, stage="tipped", **facts)
    for n in range(1, demands + 1):
        demand = make_demand(session, slug, title=f"Demand number {n}", text=f"What demand {n} says in full.")
        # Demands stand in the order in which they were made.
        session.get(Demand, demand).created_at = NOW + timedelta(seconds=n)
    service.open_table(session, actor=organizer, now=now, campaign_slug=slug)
    service.set_contact(
        session,
        actor=organizer,
        now=now,
        slug=slug,
        name="Rijder B.V.",
        email=email,
        postal="Kade 1\n1011 AA Amsterdam",
    )
    return slug, organizer, make_sitter(session, slug, organizer, now=now)


def table_of(session, slug):
    return session.query(BargainingTable).filter_by(slug=slug).one()


def make_terms(demand_id=None, **facts):
    return Terms(
        **{
            "title": "Agreement with Rijder", "union_party": UNION, "platform_party": "Rijder B.V.", "preamble": "After talks.",
            "starts_on": date(2026, 12, 1), "ends_on": date(2027, 11, 30),
            "clauses": (
                Clause(1, "A floor", "Rijder pays at least 20 cents a kilometre.", demand_id,
                       Concession.CONCEDED if demand_id else Concession.NONE),
                Clause(2, "Explaining", "Every deactivation is explained within two days."),
            ),
            "obligations": (
                Obligation(1, "Publish the floor on the site", Side.PLATFORM, date(2027, 1, 15)),
                Obligation(2, "Report the number of deactivations", Side.PLATFORM, date(2027, 1, 31), Every.MONTH),
            ),
            **facts,
        }
    )  # fmt: skip


def make_agreement(session, slug, who, *, now=NOW, demand_id=None, state="draft", **facts):
    """Make an agreement in `state` and return its slug; what members decide is written on the row."""
    made = service.draft_agreement(session, actor=who, now=now, slug=slug, union_name=UNION)
    service.edit_agreement(
        session, actor=who, now=now, slug=made, terms=make_terms(demand_id, **facts), language="en"
    )
    if state == "draft":
        return made
    service.agree(session, actor=who, now=now, slug=made)
    if state == "tentative":
        return made
    _, row = found(session, made)
    row.state, row.vote, row.decided_at = (
        "ratified",
        {
            "ballot": "b",
            "passed": True,
            "counts": [["Yes", 30], ["No", 5], ["Abstain", 1]],
            "cast": 36,
            "eligible": 50,
            "rule": "Simple majority",
        },
        now,
    )
    session.flush()
    if state == "in_force":
        assert service.enter(session, actor=SYSTEM, now=max(now, row.starts_at), slug=made)
    return made


def agreement_of(session, slug):
    return session.query(Agreement).filter_by(slug=slug).one()


__all__ = [
    "actor",
    "agreement_of",
    "make_agreement",
    "make_organizer",
    "make_sitter",
    "make_table",
    "make_terms",
    "table_of",
    "terms_of",
]
LATER = timedelta(days=1)
