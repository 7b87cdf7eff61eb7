import io
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.factories import actions as factory
from tests.factories import bargaining
from tests.factories.members import make_member
from tests.pages.test_actions import wall
from union.bargaining.models import Obligation
from union.core.db import transaction

PUBLIC = ["/", "/about", "/privacy", "/verify", "/source"]


@pytest.fixture
def now():
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def people(database, now):
    with transaction() as session:
        first = factory.make_organizer(session, name="Ayla")
        officer = make_member(session, name="Olga", roles=["officer"])
        called = factory.make_called(session, 3)
        campaign = factory.make_campaign(session, now, called=called)
        slug = factory.make_scheduled(
            session, now, actor=first, campaign=campaign, floor=2,
            wall_start=wall(now + timedelta(days=2)), wall_end=None,
        )  # fmt: skip
    return first, officer, called, slug


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages(client, path, language):
    answer = client.get(f"{path}?lang={language}")
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text


def test_the_front_page_shows_what_runs(client, people):
    page = client.get("/").text
    assert "Geen data zonder loon" in page
    assert "<svg" in page


def test_what_now_is_one_list(client, sign_in, people):
    _, _, called, slug = people
    sign_in(client, called[0])
    page = client.get("/home").text
    assert f'href="/actions/{slug}"' in page
    assert "Read what we do" in page


def test_what_now_has_the_promises_that_are_overdue(client, sign_in, database):
    with transaction() as session:
        slug, organizer, sitter = bargaining.make_table(session)
        made = bargaining.make_agreement(session, slug, sitter, state="in_force")
        duty = session.scalars(select(Obligation).order_by(Obligation.due_at)).first()
        duty.due_at = datetime.now(UTC) - timedelta(days=1)
        path = f'href="/agreements/{made}/obligations/{duty.id}"'
    sign_in(client, organizer.member_id)
    page = client.get("/home").text
    assert path in page
    assert "Say whether it was kept: Publish the floor on the site" in page


def test_an_applicant_sees_how_to_get_in(client, sign_in, database):
    with transaction() as session:
        applicant = make_member(session, state="applicant")
    sign_in(client, applicant)
    assert "Have your membership confirmed" in client.get("/home").text
    assert client.get("/console").status_code == 403


def test_the_console_is_for_organizers(client, sign_in, people):
    first, _, called, slug = people
    assert client.get("/console").status_code == 303
    sign_in(client, called[0])
    assert client.get("/console").status_code == 403
    sign_in(client, first.member_id)
    page = client.get("/console").text
    assert "The scheduler stands still" in page
    assert f"/actions/{slug}/console" in page
    with transaction() as session:
        factory.heartbeat(session, datetime.now(UTC))
    assert "scheduler awake" in client.get("/console").text


def test_the_log_is_for_officers(client, sign_in, people):
    first, officer, _, slug = people
    sign_in(client, first.member_id)
    assert client.get("/console/audit").status_code == 403
    sign_in(client, officer)
    page = client.get("/console/audit").text
    assert "action.schedule" in page
    assert "Ayla" in page
    one = client.get(f"/console/audit?subject=action/{slug}").text
    assert "action.draft" in one
    assert client.get("/console/audit?before=1").status_code == 200


def test_the_source_offered_is_the_program_without_any_state(client):
    answer = client.get("/source/union.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(answer.data)) as tar:
        names = tar.getnames()
    assert "union-source/union/home/views.py" in names
    assert "union-source/LICENSE" in names
    ours = [name for name in names if "/tests/vectors/" not in name]
    assert not [name for name in ours if name.endswith((".pyc", ".key", ".db"))]
    assert not [name for name in names if "/var/" in name]


@pytest.mark.parametrize("path", ["/home", "/console"])
def test_dutch_leaves_no_english(client, sign_in, people, path):
    sign_in(client, people[0].member_id)
    page = client.get(f"{path}?lang=nl").text
    for english in ("What now", "Organize", "Nothing waits", "Campaigns", "Message desk", "My account"):
        assert f">{english}<" not in page, english


def test_an_officer_of_a_new_union_is_told_how_it_begins(client, sign_in, database):
    with transaction() as session:
        officer = make_member(session, name="Olga", roles=["officer"])
        organizer = make_member(session, name="Ayla", roles=["organizer"])
    sign_in(client, officer)
    page = client.get("/console").text
    assert "How our union begins" in page
    assert 'href="/members/import"' in page
    sign_in(client, organizer)
    assert "How our union begins" not in client.get("/console").text
