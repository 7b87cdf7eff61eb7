"""Import and export: the dry run writes nothing, bad rows keep good ones out unless told, twice changes nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories.members import make_chapter, make_member
from tests.factories.platforms import make_platform
from union.audit import queries as audit
from union.core.actor import SYSTEM
from union.core.errors import Conflict, Invalid, NotAllowed, NotFound
from union.members import queries, service
from union.members.models import Affiliation, Member
from union.members.rules.register_file import decode

FILE = (
    "name,email,phone,state,chapter,platforms,sms,shoe size\n"
    "Anna,anna@example.org,,active,Amsterdam,uber:driver,no,38\n"
    "Bob,,0612345678,applicant,,,yes,44\n"
    "Carl,carl@example,,,,,,45\n"
)


def size(session):
    return session.scalar(select(func.count()).select_from(Member))


@pytest.fixture(autouse=True)
def _places(session):
    make_chapter(session)
    make_platform(session, "uber")


def test_the_dry_run_names_every_bad_row_and_writes_nothing(session):
    plan = service.plan_import(session, actor=SYSTEM, text=FILE)
    assert [row.name for row in plan.new] == ["Anna", "Bob"]
    assert [(bad.line, bad.column) for bad in plan.bad] == [(4, "email")]
    assert plan.ignored == ("shoe size",)
    assert size(session) == 0


def test_bad_rows_keep_the_whole_file_out_unless_told(session, now):
    with pytest.raises(Conflict):
        service.import_register(session, actor=SYSTEM, text=FILE, now=now)
    assert size(session) == 0
    service.import_register(session, actor=SYSTEM, text=FILE, now=now, skip_bad=True)
    assert size(session) == 2
    again = service.import_register(session, actor=SYSTEM, text=FILE, now=now, skip_bad=True)
    assert (again.new, again.known) == ((), (2, 3))
    assert size(session) == 2
    assert [entry.act for entry in audit.newest(session)] == ["members.import"]


def test_imported_members_are_reached_only_when_confirmed(session, now):
    text = "name,email,state,platforms\nAnna,anna@example.org,active,uber:driver\n"
    service.import_register(session, actor=SYSTEM, text=text, now=now)
    ids = queries.eligible(session, platform_slug="uber")
    assert len(ids) == 1
    assert queries.contacts(session, ids)[0].email is None
    assert session.scalars(select(Affiliation.kind)).all() == ["driver"]
    text = "name,phone,state,sms\nBob,0612345678,active,yes\n"
    service.import_register(session, actor=SYSTEM, text=text, now=now, confirmed=True)
    bob = next(c for c in queries.contacts(session, queries.eligible(session)) if c.name == "Bob")
    assert (bob.phone, bob.sms_ok) == ("+31612345678", True)


def test_addresses_of_two_members_or_of_one_who_left_are_named(session):
    make_member(session, email="a@example.org")
    make_member(session, phone="+31612345678")
    make_member(session, email="gone@example.org", state="left")
    text = "name,email,phone\nX,a@example.org,0612345678\nY,gone@example.org,\nZ,a@example.org,0687654321\n"
    plan = service.plan_import(session, actor=SYSTEM, text=text)
    assert [(bad.line, str(bad.why)) for bad in plan.bad] == [
        (2, "The email address and the number are of two members."),
        (3, "This person has left the union."),
        (4, "The same as in line 2."),
    ]


def test_what_is_exported_can_be_imported_elsewhere(session, now):
    make_member(
        session, name="=Anna", email="anna@example.org", platforms=[("uber", "driver")], roles=["organizer"]
    )
    make_member(session, name="Zoë", email=False, phone="+31612345678", sms=True, state="applicant")
    make_member(session, name="Gone", state="left")
    text = service.export_register(session, actor=SYSTEM, reason="moving house", now=now)
    assert "Gone" not in text
    assert "'=Anna" in text
    plan = service.plan_import(session, actor=SYSTEM, text=decode(text.encode()))
    assert (plan.new, plan.known, plan.bad) == ((), (2, 3), ())
    entry = audit.newest(session)[0]
    assert (entry.act, entry.facts) == ("members.export", {"rows": 2, "reason": "moving house"})
    with pytest.raises(Invalid):
        service.export_register(session, actor=SYSTEM, reason=" ", now=now)


def test_only_officers_import_and_export(session, now):
    organizer = queries.actor_of(session, make_member(session, roles=["organizer"]))
    for act in (
        lambda: service.plan_import(session, actor=organizer, text=FILE),
        lambda: service.import_register(session, actor=organizer, text=FILE, now=now),
        lambda: service.export_register(session, actor=organizer, reason="x", now=now),
        lambda: service.keep_draft(session, actor=organizer, content=FILE.encode(), now=now),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_an_upload_waits_an_hour_for_its_own_officer(session, now):
    mine = queries.actor_of(session, make_member(session, roles=["officer"]))
    other = queries.actor_of(session, make_member(session, roles=["officer"]))
    kept = service.keep_draft(session, actor=mine, content=FILE.encode("utf-16"), now=now)
    assert service.draft_text(session, actor=mine, draft_id=kept, now=now) == FILE
    with pytest.raises(NotFound):
        service.draft_text(session, actor=other, draft_id=kept, now=now)
    with pytest.raises(NotFound):
        service.draft_text(session, actor=mine, draft_id=kept, now=now + timedelta(minutes=61))
    done = service.import_draft(session, actor=mine, draft_id=kept, now=now, skip_bad=True, confirmed=False)
    assert len(done.new) == 2
    with pytest.raises(NotFound):
        service.draft_text(session, actor=mine, draft_id=kept, now=now)


def test_three_thousand_rows(session, now):
    rows = "".join(f"Member {n},member{n}@example.org,active\n" for n in range(3_000))
    done = service.import_register(
        session, actor=SYSTEM, text="name,email,state\n" + rows, now=now, confirmed=True
    )
    assert len(done.new) == 3_000
    ids = queries.eligible(session)
    assert ids == sorted(ids)
    found = queries.contacts(session, ids)
    assert len({contact.email for contact in found}) == 3_000
