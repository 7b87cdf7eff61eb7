"""The page on which an organizer replaces a trustee, in every state and both languages."""

import re
from html import unescape

import pytest

from tests.factories import ballots as make
from tests.factories.members import make_member
from tests.pages.test_ballots import STATES, at, written
from union.ballots import queries
from union.core import db
from union.core.actor import Role


@pytest.fixture
def real():
    return make.real_now()


def nora(real):
    return written(lambda session: make_member(session, name="Nora", roles=(Role.TRUSTEE,)))


@pytest.mark.parametrize("threshold", [None, 2])
@pytest.mark.parametrize("state", STATES)
def test_the_page_says_what_happens_or_why_it_is_too_late(client, sign_in, real, state, threshold):
    hand = at(state, real, threshold=threshold)
    nora(real)
    sign_in(client, hand.organizer)
    run = client.get(f"/ballots/{hand.slug}/run").get_data(as_text=True)
    before = state in {"draft", "keys", "credentials"}
    assert ("/replace-trustee" in run) == before
    assert ("resigned or lost the key?" in run) == (state in {"open", "closed"})
    for language in ("en", "nl"):
        page = client.get(f"/ballots/{hand.slug}/replace-trustee?lang={language}")
        assert page.status_code == 200
        assert ('name="comes"' in page.get_data(as_text=True)) == before
    sign_in(client, hand.trustees[0])
    assert client.get(f"/ballots/{hand.slug}/replace-trustee").status_code == 403


def test_without_another_trustee_it_says_who_can_make_one(client, sign_in, real):
    hand = at("keys", real)
    sign_in(client, hand.organizer)
    page = client.get(f"/ballots/{hand.slug}/replace-trustee").get_data(as_text=True)
    assert "An officer can give somebody that role" in page
    refused = client.post(f"/ballots/{hand.slug}/replace-trustee", data={"leaves": "1", "comes": "x"})
    assert refused.status_code == 422


def test_a_trustee_is_replaced_and_the_run_page_says_so(client, sign_in, real):
    hand = at("keys", real)
    member = nora(real)
    sign_in(client, hand.organizer)
    path = f"/ballots/{hand.slug}/replace-trustee"
    empty = client.post(path, data={})
    assert empty.status_code == 422
    assert 'href="#leaves-0"' in empty.get_data(as_text=True)
    kept = client.post(path, data={"leaves": "2"})
    assert kept.status_code == 422
    assert re.search(r'<input[^>]*checked[^>]*value="2"', kept.get_data(as_text=True))
    done = client.post(path, data={"leaves": "2", "comes": member})
    assert done.status_code == 303
    page = unescape(client.get(done.headers["Location"]).get_data(as_text=True))
    assert "Nora takes the place of Trustee 2." in page
    with db.reading() as session:
        assert member in queries.holder_ids(session, hand.slug)


def test_after_the_opening_a_sent_form_is_refused_by_name(client, sign_in, real):
    hand = at("open", real, threshold=2)
    member = nora(real)
    sign_in(client, hand.organizer)
    late = client.post(f"/ballots/{hand.slug}/replace-trustee", data={"leaves": "2", "comes": member})
    assert late.status_code == 409
    assert "go on without this one" in late.get_data(as_text=True)
