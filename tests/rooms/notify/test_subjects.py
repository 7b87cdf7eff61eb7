"""What messages are about is said in words wherever somebody knows them."""

from datetime import timedelta

import pytest

from tests.factories import ballots as make
from union.ballots import queries as ballots
from union.notify import service as notify
from union.notify.queries import overview, subjects
from union.notify.queries.subjects import KINDS, OTHER, TITLES
from union.notify.rules.kinds import Channel, Lane


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


def test_tests_of_one_action_are_one_line_whoever_signed(session, now):
    for signer in ("ayla", "bakker"):
        notify.enqueue(
            session, now=now, ref=f"test:friday:v1:{signer}", kind="test", member_id=signer, to="a@example.org",
            channel=Channel.EMAIL, language="en", zone="UTC", template="notify/test", fields={"when": "now"},
            lane=Lane.LOGIN, expires_at=now + timedelta(hours=1),
        )  # fmt: skip
    [line] = overview(session, now=now).about
    assert (line.subject.kind, line.total) == (KINDS["test"], 2)
    assert line.ref == "", "it stands for two, so it leads to neither"


def test_one_query_a_kind(session, now, known, monkeypatch):
    asked = []
    monkeypatch.setitem(TITLES, "ballot", lambda _session, keys: asked.append(set(keys)) or {})
    subjects(session, ["ballot:a", "ballot:b", "ballot/c", "action:a:v1"])
    assert asked == [{"a", "b", "c"}]
