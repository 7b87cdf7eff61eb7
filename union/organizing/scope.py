"""Where somebody may organize: the places of an actor, and the place of a member, in one spelling.

Beside the service and the queries, which both ask it. The permission table decides; this only says at which
place something happens.
"""

from sqlalchemy.orm import Session

from union.campaigns import queries as campaigns
from union.core.actor import Actor, Place, PlaceKind
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow, permits
from union.members import queries as members

EVERYWHERE = ""


def chapter(slug: str) -> Place:
    """Return a chapter as a place."""
    return Place(PlaceKind.CHAPTER, slug)


def place_of(kind: str, key: str) -> Place | None:
    """Return the place two columns name; None for the whole union."""
    return Place(PlaceKind(kind), key) if kind else None


def columns(place: Place | None) -> tuple[str, str]:
    """Return a place as two columns keep it."""
    return (place.kind.value, place.key) if place else (EVERYWHERE, EVERYWHERE)


def at(place: Place | None) -> tuple[Place, ...]:
    """Return the place as `allow` takes it: nothing for what is the whole union's."""
    return (place,) if place else ()


def chapters_of(actor: Actor) -> frozenset[str] | None:
    """Return the slugs of the chapters whose people the actor may see; None for all of them.

    Raises NotAllowed for who may see nobody.
    """
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    if permits(actor, Permission.ORGANIZING_PEOPLE):
        return None
    return frozenset(
        place.key for place in actor.places if permits(actor, Permission.ORGANIZING_PEOPLE, place)
    )


def sees(actor: Actor, chapter_slug: str) -> bool:
    """Tell whether the actor may see the people of a chapter ("" for those without one)."""
    return permits(actor, Permission.ORGANIZING_PEOPLE, *at(chapter(chapter_slug) if chapter_slug else None))


def person_here(session: Session, actor: Actor, member_id: str) -> str:
    """Return the slug of the member's chapter; raises NotFound for nobody and for who is elsewhere."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    slug = members.chapters_of(session, [member_id]).get(member_id)
    if slug is None or not sees(actor, slug):
        raise NotFound(msg("There is no such member."))
    return slug


def people_here(session: Session, actor: Actor, member_ids: list[str]) -> list[str]:
    """Return those of the members whom the actor may see, in the order given; the others are left out."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    slugs = members.chapters_of(session, member_ids)
    return [one for one in dict.fromkeys(member_ids) if one in slugs and sees(actor, slugs[one])]


def open_places(session: Session, actor: Actor) -> list[tuple[Place | None, str]]:
    """Return where the actor may make lists and tasks, with names: the union, chapters, running campaigns."""
    found: list[tuple[Place | None, str]] = []
    if permits(actor, Permission.ORGANIZING_LISTS):
        found.append((None, msg("The whole union")))
    named = [(chapter(one.slug), one.name) for one in members.chapters(session)]
    named += [
        (Place(PlaceKind.CAMPAIGN, card.id), card.title)
        for card in campaigns.listing(session)
        if card.ended_at is None
    ]
    return found + [
        (place, name) for place, name in named if permits(actor, Permission.ORGANIZING_LISTS, place)
    ]


def names(session: Session, places: set[Place]) -> dict[Place, str]:
    """Return what people call each place; one that is gone keeps its key."""
    known = {chapter(one.slug): one.name for one in members.chapters(session)}
    for place in places:
        if place.kind is PlaceKind.CAMPAIGN:
            try:
                known[place] = campaigns.card_by_id(session, place.key).title
            except NotFound:
                known[place] = place.key
    return {place: known.get(place, place.key) for place in places}
