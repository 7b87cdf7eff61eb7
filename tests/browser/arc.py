"""Who walks the whole arc, and where they are: what the steps of the walk share."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import update

from tests.browser.looking import overflow, targets
from tests.browser.person import Person
from union.core import db
from union.core.clock import utcnow
from union.demo.seed import ZONE
from union.members import queries as members
from union.members import service as registry

TITLE, DEMAND = "A fare we can see", "Show the whole fare before we accept"
FIRST_WORDS = "Before a driver accepts a ride, Bolt shows what the rider pays."
BETTER_WORDS = "Before a driver accepts a ride, Bolt shows what the rider pays and what Bolt keeps."


@dataclass
class Walk:
    """Who walks, and where the campaign is."""

    union: object
    organizer: Person
    second: Person
    member: Person
    other: Person
    trustees: list[Person]
    ids: dict[str, str]
    slug: str = ""
    action: str = ""
    agreement: str = ""

    @property
    def campaign(self) -> str:
        return f"{self.union.url}/campaigns/{self.slug}"

    @property
    def table(self) -> str:
        return f"{self.union.url}/bargaining/{self.slug}"


def setting_out(people, union):
    """Two members, two organizers and two trustees, each at a browser of their own."""
    first, second = union.people.organizers
    member, other = mailed_drivers(union)
    return Walk(
        union,
        people(first, "/campaigns"),
        people(second, "/home"),
        people(member, "/home"),
        people(other, "/home"),
        [people(one, "/home") for one in union.people.trustees[:2]],
        {"member": member, "other": other},
    )


def mailed_drivers(union):
    """Two members who drive for Bolt and are reached by email alone, which night does not delay; in English."""
    with db.transaction() as session:
        roll = members.contacts(session, members.eligible(session, platform_slug="bolt"))
        known = {*union.people.organizers, *union.people.trustees, union.people.officer}
        found = [one for one in roll if not one.phone and one.email and one.member_id not in known][:2]
        for one in found:
            registry.update_details(
                session, actor=members.actor_of(session, one.member_id), name=one.name, language="en", zone=one.zone,
                chapter=one.chapter_slug, now=utcnow(),
            )  # fmt: skip
    return [one.member_id for one in found]


def fits(person):
    """A page whose words end at the edge of the screen, and whose buttons a thumb can hit."""
    assert [*overflow(person.page), *targets(person.page)] == [], person.page.url


def local(moment):
    return moment.astimezone(ZoneInfo(ZONE)).replace(second=0, microsecond=0, tzinfo=None)


def move(model, condition, **moments):
    """Let a moment that was set for later be now; the scheduler does the rest."""
    with db.transaction() as session:
        session.execute(update(model).where(condition).values(**moments))
