"""Organizers of one place, tags, talks and lists for tests, made through the service."""

from datetime import timedelta

from tests.conftest import NOW
from tests.factories.members import make_chapter, make_member
from union.core.actor import SYSTEM, Place, PlaceKind, Role
from union.members import queries as members
from union.members import service as registry
from union.organizing import scope, service
from union.organizing.models import Tag
from union.organizing.rules.calling import Kind, may_call
from union.organizing.rules.wanted import Wanted
from union.organizing.service import ListDraft

SITE = "https://unie.example"


def organizer(session, **facts):
    """Make an organizer of the whole union and return the actor."""
    return members.actor_of(session, make_member(session, roles=(Role.ORGANIZER,), **facts), now=NOW)


def officer(session, **facts):
    """Make an officer and return the actor."""
    return members.actor_of(session, make_member(session, roles=(Role.OFFICER,), **facts), now=NOW)


def actor_at(session, place, *, role=Role.ORGANIZER, until=NOW + timedelta(days=30), now=NOW, **facts):
    """Make a member with a role at one place only and return the actor."""
    member_id = make_member(session, **facts)
    within = ()
    actor = SYSTEM
    registry.grant_local_role(
        session, actor=actor, member_id=member_id, role=role, place=place, until=until, now=now, within=within
    )
    return members.actor_of(session, member_id, now=now)


def chapter_organizer(session, slug="amsterdam", **facts):
    """Make an organizer of one chapter and return the actor."""
    make_chapter(session, slug)
    return actor_at(session, scope.chapter(slug), chapter=slug, **facts)


def make_tag(session, slug="nights"):
    """Put a tag in and return its slug."""
    if session.get(Tag, slug) is None:
        session.add(Tag(slug=slug, name=slug.title(), meaning="Drives at night", created_at=NOW))
        session.flush()
    return slug


def list_draft(**facts):
    """Return a draft of a call list for Amsterdam with some facts changed."""
    found = {
        "kind": Kind.CALL,
        "title": "Ask for the meeting",
        "script": "Hello, I am a colleague.\nDo you come on Friday?",
        "place": scope.chapter("amsterdam"),
        "wanted": Wanted(),
        "closes_at": NOW + timedelta(days=14),
        **facts,
    }
    return ListDraft(**found)


def make_list(session, actor, *, now=NOW, **facts):
    """Make a list and return its id."""
    return service.make_list(session, actor=actor, draft=list_draft(**facts), now=now)


def list_place(list_id):
    return Place(PlaceKind.LIST, list_id)


def helper(session, list_id, *, by, until=NOW + timedelta(days=7), now=NOW, **facts):
    """Make a helper of one list and return the actor."""
    member_id = make_member(session, **facts)
    service.add_helper(session, actor=by, list_id=list_id, member_id=member_id, until=until, now=now)
    return members.actor_of(session, member_id, now=now)


def log(session, actor, member_id, *, rating=None, note="", at=NOW, now=NOW):
    """Log a talk and return its id."""
    return service.log_talk(
        session, actor=actor, member_id=member_id, at=at, note=note, rating=rating, now=now
    )


def awake_zone(now):
    """Return a zone where people may be called now and for the next hour: pages live in real time."""
    zones = ("Europe/Amsterdam", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "America/Los_Angeles")
    later = now + timedelta(hours=1)
    return next(zone for zone in zones if may_call(now, zone) and may_call(later, zone))
