import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from tests.factories import actions as factory
from tests.pages.test_actions import wall
from union.actions import service
from union.actions.cli import actions
from union.core import db, sealing
from union.core.db import transaction


@pytest.fixture
def now():
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def run(settings, database):
    """Run the command on the test's database and key."""
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.data_key_file.write_text(bytes(range(32)).hex())
    found = replace(settings, database_url=database.engine.url.render_as_string(hide_password=False))

    def invoke(*words):
        result = CliRunner().invoke(actions, words, obj=found, catch_exceptions=False)
        opened = db.installed()
        if opened is not database:
            opened.engine.dispose()
        db.install(database)
        sealing.install(sealing.Vault(bytes(range(32))))
        return result

    return invoke


def test_list_show_fire_and_debrief(run, database, now, tmp_path):
    assert "no action yet" in run("list").output
    with transaction() as session:
        first, second = factory.make_organizer(session), factory.make_organizer(session)
        called = factory.make_called(session, 11)
        campaign = factory.make_campaign(session, now, called=called)
        slug = factory.make_armed(
            session, now - timedelta(days=3), first=first, second=second, campaign=campaign,
            wall_start=wall(now - timedelta(minutes=2)), wall_end=wall(now + timedelta(hours=2)),
        )  # fmt: skip
    assert json.loads(run("list", "--json").output)[0]["state"] == "armed"
    shown = run("show", slug).output
    assert "! Start still ahead" in shown
    assert "taking part 11" in shown
    assert run("fire-due").output == "2 steps done\n", "the decision, then the start"
    assert run("fire-due").output == "0 steps done\n"
    assert json.loads(run("list", "--json").output)[0]["state"] == "live"
    with transaction() as session:
        service.end_now(session, actor=first, now=now, slug=slug, site=factory.SITE)
    path = tmp_path / "out" / "debrief.html"
    assert run("debrief", slug, "-o", str(path), "--language", "nl").exit_code == 0
    page = path.read_text()
    assert '<html lang="nl">' in page
    assert "Nabespreking: Samen uit" in page
    assert "<style>" in page
