"""What messages are about is said in words wherever somebody knows them."""

import pytest

from tests.factories import ballots as make
from union.ballots import queries as ballots
from union.notify.queries import subjects
from union.notify.queries.subjects import KINDS, OTHER, TITLES


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setitem(TITLES, "ballot", ballots.titles)


def test_a_title_where_the_room_knows_one_and_the_kind_for_the_rest(session, now, known):
    hand = make.make_ballot_draft(session, now)
    there, gone, code, odd = f"ballot:{hand.slug}", "ballot:gone", "challenge:x7", "bench:1:2"
    found = subjects(session, [there, gone, code, odd])
    assert found[there].title == ballots.by_slug(session, hand.slug).title
    assert (found[gone].kind, found[gone].title) == (KINDS["ballot"], "")
    assert (found[code].kind, found[code].title) == (KINDS["challenge"], "")
    assert found[odd].kind == OTHER


def test_one_query_a_kind(session, now, known, monkeypatch):
    asked = []
    monkeypatch.setitem(TITLES, "ballot", lambda _session, keys: asked.append(set(keys)) or {})
    subjects(session, ["ballot:a", "ballot:b", "ballot/c", "action:a:v1"])
    assert asked == [{"a", "b", "c"}]
