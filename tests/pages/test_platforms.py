"""The directory's pages, every page linted."""

import pytest
from markupsafe import Markup

from tests.factories.members import EARLIER
from union.core import db
from union.core.actor import SYSTEM
from union.core.i18n import LANGUAGES
from union.platforms import service, views


@pytest.fixture(autouse=True)
def _directory(database):
    with db.transaction() as session:
        service.load_directory(session, actor=SYSTEM, now=EARLIER)


def text(answer):
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_search_letters_and_kinds(client):
    page = text(client.get("/platforms"))
    assert "Airbnb" in page
    assert 'href="/platforms?letter=Z"' in page
    assert "Uber Eats" in text(client.get("/platforms?q=ub%C3%A9r"))
    assert "Airbnb" not in text(client.get("/platforms?q=uber"))
    assert "Zalando" in text(client.get("/platforms?letter=Z"))
    assert "Airbnb" not in text(client.get("/platforms?letter=Z&kind=market"))
    assert "No platform like that" in text(client.get("/platforms?q=zzzz"))
    for odd in ("?page=-1", "?page=x", "?page=99", "?kind=none", "?letter=%C3%A9", "?q=" + "x" * 500):
        assert client.get("/platforms" + odd).status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_platforms_page(client, language):
    for slug, facts in service.directory().items():
        page = text(client.get(f"/platforms/{slug}?lang={language}"))
        assert facts.source in page.replace("&amp;", "&")
    assert client.get("/platforms/atlantis").status_code == 404


def test_higher_rooms_hang_panels_there(client, monkeypatch):
    def campaigns(session, slug, actor, now):
        assert session.is_active
        assert not actor.known
        assert now.tzinfo
        return Markup("<p>Campaigns here: 3</p>") if slug == "uber" else None

    monkeypatch.setattr(views, "PANELS", [campaigns])
    assert "Campaigns here: 3" in text(client.get("/platforms/uber"))
    assert "Campaigns here" not in text(client.get("/platforms/bolt"))


def test_the_command_line(database, settings):
    import dataclasses

    from click.testing import CliRunner

    from union.core import sealing
    from union.platforms.cli import platforms

    own = dataclasses.replace(settings, database_url=str(database.engine.url))
    vault = sealing.vault()
    try:
        assert "0 records new" in CliRunner().invoke(platforms, ["load"], obj=own).output
        assert "uber-eats" in CliRunner().invoke(platforms, ["list", "uber"], obj=own).output
        assert "Burgerweeshuispad" in CliRunner().invoke(platforms, ["show", "uber"], obj=own).output
        assert '"slug": "uber"' in CliRunner().invoke(platforms, ["show", "uber", "--json"], obj=own).output
    finally:
        db.installed().engine.dispose()
        db.install(database)
        sealing.install(vault)
