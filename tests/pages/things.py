"""Two chapters' worth of things, so that everybody can be sent to what is somebody else's."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import JSON, Boolean, Date, Integer, LargeBinary, update

from tests.factories import actions, ballots, bargaining, campaigns, organizing
from tests.factories.members import make_chapter, make_member
from union.actions.models import Action, ActionVote
from union.ballots.models import Objection, Poll
from union.bargaining.models import (
    AgreementClause,
    Grievance,
    Meeting,
    Obligation,
    Offer,
    TableClause,
    TableDeadline,
    TableLetter,
    TermsPage,
)
from union.campaigns.models import Amendment, CampaignUpdate, Demand, HandOver, StructureTest
from union.core.actor import Place, PlaceKind, Role
from union.core.db import Instant
from union.core.ids import new_id
from union.members import service as members
from union.members.models import ImportDraft, LocalRole, Member
from union.members.rules.tokens import hashed
from union.notify.models import PushDevice
from union.organizing import scope
from union.organizing.models import ListDraft, ListExport, Prospect, SavedFilter, Talk, Task

LATER = timedelta(days=30)


def plant(session, model, **facts):
    """Put a row in with the facts that matter, the rest filled with anything, and return it."""
    now = datetime.now(UTC)
    for column in model.__table__.columns:
        if (
            column.name in facts
            or column.nullable
            or column.default is not None
            or column.autoincrement is True
        ):
            continue
        kind = column.type
        if column.primary_key and isinstance(kind, Integer) and len(model.__table__.primary_key) == 1:
            continue
        facts[column.name] = (
            now + LATER if isinstance(kind, Instant)
            else now.date() if isinstance(kind, Date)
            else False if isinstance(kind, Boolean)
            else 1 if isinstance(kind, Integer)
            else {} if isinstance(kind, JSON)
            else secrets.token_bytes(32) if isinstance(kind, LargeBinary)
            else new_id()[: getattr(kind, "length", None) or 20]
        )  # fmt: skip
    row = model(**facts)
    session.add(row)
    session.flush()
    return row


@dataclass
class Side:
    """One side's things by the name a route gives them, and the people who may."""

    things: dict[str, object] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)


def table(session, side, n):
    """A table with one of everything on it, and an agreement."""
    slug, organizer, sitter = bargaining.make_table(session, title=f"Fair pay {n}")
    side.people |= {"organizer": organizer.member_id, "sitter": sitter.member_id}
    at = bargaining.table_of(session, slug).id
    side.things |= {
        "bargaining": slug,
        "letter_id": plant(
            session, TableLetter, table_id=at, state="draft", kind="request", basis={"source": ""}
        ).id,
        "meeting_id": plant(session, Meeting, table_id=at, state="planned", zone="UTC").id,
        "deadline_id": plant(session, TableDeadline, table_id=at, state="open", zone="UTC").id,
        "clause_id": plant(session, TableClause, table_id=at).id,
        "offer": plant(session, Offer, table_id=at, number=1, side="platform", state="standing").number,
        "page_id": plant(session, TermsPage, table_id=at, url="https://rijder.example", state="ok").id,
    }
    agreed = bargaining.make_agreement(session, slug, sitter)
    row = bargaining.agreement_of(session, agreed)
    assert session.query(AgreementClause).filter_by(agreement_id=row.id).count()
    due = plant(session, Obligation, agreement_id=row.id, clause=1, who="platform", state="open")
    row.state = "in_force"
    side.things |= {"agreements": agreed, "obligation_id": due.id}
    case = plant(
        session,
        Grievance,
        agreement_id=row.id,
        clause=1,
        member_id=side.people["member"],
        state="filed",
        text="It is not kept.",
    )
    side.things["grievance_id"] = case.id


def campaign(session, side, n):
    """A campaign with demands, news, a test; and an action of the chapter."""
    slug = campaigns.make_campaign(session, now=datetime.now(UTC), title=f"Data {n}")
    row = campaigns.row_of(session, slug)
    demand = campaigns.make_demand(session, slug, status="proposed")
    session.get(Demand, demand).author_id = side.people["member"]
    side.things |= {
        "campaigns": slug, "campaign_slug": slug, "campaign_id": row.id, "demand_id": demand,
        "amendment_id": plant(session, Amendment, demand_id=demand, author_id=side.people["member"], base_version=1, state="proposed").id,
        "hand_over_id": plant(session, HandOver, campaign_id=row.id).id,
        "test_id": plant(session, StructureTest, campaign_id=row.id, majority_den=2).id,
        "update_id": plant(session, CampaignUpdate, campaign_id=row.id, at=datetime.now(UTC), kind="news", title="News", text="Text").id,
    }  # fmt: skip
    first = actions.make_organizer(session)
    mandated = actions.make_campaign(session, datetime.now(UTC))
    side.things["mandated"] = campaigns.row_of(session, mandated).id
    soon = datetime.now(UTC) + timedelta(days=2)
    planned = actions.make_scheduled(
        session, datetime.now(UTC), actor=first, campaign=mandated,
        wall_start=f"{soon:%Y-%m-%dT18:00}", wall_end=f"{soon:%Y-%m-%dT20:00}", floor=1,
    )  # fmt: skip
    action = session.query(Action).filter_by(slug=planned).one()
    action.chapter_slug = side.things["chapter"]
    plant(
        session,
        ActionVote,
        action_id=action.id,
        number=1,
        ballot_slug=f"b{n}",
        state="planned",
        steps=["Go."],
    )
    side.things["actions"] = planned


def organize(session, side):
    """The chapter's lists, talks, tasks, prospects, drafts."""
    now, chapter = datetime.now(UTC), side.things["chapter"]
    local = organizing.actor_at(session, scope.chapter(chapter), chapter=chapter, now=now, until=now + LATER)
    here = side.people["chapter organizer"] = local.member_id
    place = {"place_kind": "chapter", "place_key": chapter}
    listed = organizing.make_list(
        session, local, now=now, place=scope.chapter(chapter), closes_at=now + LATER
    )
    helping = organizing.helper(
        session, listed, by=local, now=now, until=now + timedelta(days=7), chapter=chapter
    )
    side.people["helper"] = helping.member_id
    at = Place(PlaceKind.CAMPAIGN, side.things["mandated"])
    worker = organizing.actor_at(session, at, chapter=chapter, now=now, until=now + LATER)
    side.people["campaign organizer"] = worker.member_id
    grant = session.query(LocalRole).filter_by(member_id=helping.member_id).one()
    drafted = {"at": now, "chapter_slug": chapter, "content": "[]"}
    side.things |= {
        "list_id": listed, "grant_id": grant.id,
        "talk_id": plant(session, Talk, member_id=side.people["member"], chapter_slug=chapter, by_id=here, at=now, written_at=now).id,
        "organizing task": plant(session, Task, **place, zone="UTC", assignee_id=here, about_id=None, created_by=here).id,
        "prospect_id": plant(session, Prospect, chapter_slug=chapter, added_by=here, token_hash=here).id,
        "export_id": plant(session, ListExport, list_id=listed, asked_by=here).id,
        "filter_id": plant(session, SavedFilter, owner_id=here).id,
        "organizing draft": plant(session, ListDraft, owner_id=here, **drafted).id,
        "members draft": plant(session, ImportDraft, officer_id=side.people["officer"], at=now, content="email\na@example.org\n").id,
    }  # fmt: skip


def make_side(session, chapter, n):
    """Everything of one chapter."""
    now = datetime.now(UTC)
    side = Side({"chapter": make_chapter(session, chapter)})
    side.people["member"] = side.things["member_id"] = make_member(
        session, chapter=chapter, phone=True, platforms=["rijder"]
    )
    side.people["officer"] = make_member(session, chapter=chapter, roles=[Role.OFFICER])
    token = members.start_session(session, member_id=side.people["member"], now=now, device="other")
    device = plant(
        session, PushDevice, id=f"d{n}", member_id=side.people["member"], endpoint_hash=bytes([n]) * 32
    )
    side.things |= {"key": hashed(token), "device_id": device.id}
    table(session, side, n)
    campaign(session, side, n)
    organize(session, side)
    hand = ballots.asked(session, ballots.make_ballot_draft(session, now), now)
    side.people |= {"trustee": hand.trustees[0], "voter": hand.voters[0]}
    raised = plant(
        session, Objection, ballot_id=ballots.row(session, hand).id, member_id=hand.voters[0], raised_at=now
    )
    poll = plant(session, Poll, chapter_slug=chapter, answers=["Yes", "No"], opened_at=now, created_by=None)
    side.things |= {
        "ballots": hand.slug, "objection_id": raised.id, "poll_id": poll.id,
    }  # fmt: skip
    session.execute(update(Member).where(Member.id.in_(side.people.values())).values(chapter_slug=chapter))
    return side
