"""Who walks the whole arc, and where they are: what the steps of the walk share."""

from dataclasses import dataclass

from tests.browser.looking import overflow, targets
from tests.browser.person import Person
from tests.browser.steps import in_english, mailed

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
    known = {*union.people.organizers, *union.people.trustees, union.people.officer}
    member, other = (in_english(one).member_id for one in mailed("bolt", but=known)[:2])
    return Walk(
        union,
        people(first, "/campaigns"),
        people(second, "/home"),
        people(member, "/home"),
        people(other, "/home"),
        [people(one, "/home") for one in union.people.trustees[:2]],
        {"member": member, "other": other},
    )


def fits(person):
    """A page whose words end at the edge of the screen, and whose buttons a thumb can hit."""
    assert [*overflow(person.page), *targets(person.page)] == [], person.page.url
