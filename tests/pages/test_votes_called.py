"""The one form with which rooms call votes: rule, key with all or some of its holders, times, in both languages."""

import re
from datetime import timedelta

import pytest

from tests.factories import ballots as make
from tests.factories.bargaining import make_agreement, make_table
from tests.factories.campaigns import make_campaign, make_demand, organizer
from tests.factories.members import make_member
from union.ballots.extension import Clause
from union.ballots.models import Ballot
from union.ballots.rules import Share
from union.core import db
from union.core.actor import Role
from union.members.models import MemberRole

THREE = ("Tess", "Tom", "Tea")


@pytest.fixture
def real():
    return make.real_now()


def strike(session, now):
    return f"/campaigns/{make_campaign(session, now=now, stage='tipped')}/vote"


def order(session, now):
    slug = make_campaign(session, now=now)
    for title in ("A floor under the price", "Explain every deactivation"):
        make_demand(session, slug, title=title, status="adopted")
    return f"/campaigns/{slug}/priorities"


def agreement(session, now):
    slug, _, sitter = make_table(session, now=now, pledge_deadline=now + timedelta(days=7))
    made = make_agreement(
        session, slug, sitter, now=now, state="tentative", starts_on=now.date(), ends_on=None, obligations=()
    )
    return f"/agreements/{made}/ratify"


@pytest.fixture(params=[strike, order, agreement])
def page(request, database, client, sign_in, real):
    """(path of the form, ids of three trustees, fields filled in), an organizer signed in."""
    with db.transaction() as session:
        lead = organizer(session)
        holders = [make_member(session, roles=[Role.TRUSTEE], name=name) for name in THREE]
        path = request.param(session, real)
    sign_in(client, lead.member_id)
    rule = "ratification-simple-majority" if request.param is agreement else "simple-majority"
    fields = {
        "how": "ranking",
        "title": "What we decide",
        "question": "What do members decide today?",
        "preset": rule,
        "group": "",
        "trustees": holders,
        "opens": (real + timedelta(days=8)).strftime("%Y-%m-%dT12:00"),
        "closes": (real + timedelta(days=15)).strftime("%Y-%m-%dT12:00"),
        "zone": "Europe/Amsterdam",
    }
    return path, holders, fields


@pytest.mark.parametrize("language", ["en", "nl"])
def test_shows_what_can_be_chosen_with_the_usual_written_in(client, page, language):
    shown = client.get(f"{page[0]}?lang={language}").text
    words = {
        "en": ("Who holds the key?", "All of them", "Some are enough", "How many are enough?", "Source:"),
        "nl": ("Wie houdt de sleutel?", "Allemaal", "Een aantal is genoeg", "Bron:"),
    }[language]
    for text in (*words, *THREE):
        assert text in shown, text
    assert shown.count("checked") >= 3, "a rule, all holders, the mathematics"
    if language == "nl":
        assert "Some are enough" not in shown


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"needed": "some"}, "Say how many are enough."),
        ({"needed": "some", "threshold": "3"}, "With 3 of 3 everybody is needed"),
        ({"needed": "some", "threshold": "4"}, "4 cannot be needed"),
        ({"needed": "some", "threshold": "two"}, "Not a valid integer value."),
        ({"trustees": []}, "Choose at least one trustee"),
        ({"question": ""}, "Fill this in."),
        ({"extend_turnout": "most"}, "Write a fraction of whole numbers"),
        ({"extend_turnout": "1/2", "extend_hours": "337"}, "Say by how many whole hours, at most 336."),
        ({"opens": "2030-03-31T02:30", "closes": "2030-04-20T12:00"}, "Which opening time do you mean?"),
        ({"closes": "2030-10-27T02:30", "opens": "2030-10-20T12:00"}, "Which closing time do you mean?"),
    ],
)
def test_says_what_is_wrong_and_keeps_what_was_typed(client, page, wrong, words):
    path, _, fields = page
    answer = client.post(path, data={**fields, **wrong})
    assert answer.status_code == 422
    assert words in answer.text
    assert "What we decide" in answer.text
    with db.reading() as session:
        assert session.query(Ballot).count() == 0


def test_without_trustees_the_mistake_stands_where_something_can_be_ticked(client, page):
    path, _, fields = page
    with db.transaction() as session:
        session.query(MemberRole).filter(MemberRole.role == Role.TRUSTEE.value).delete()
    answer = client.post(path, data={**fields, "trustees": []})
    assert "No member has the role of trustee yet" in answer.text
    assert '<a href="#server_trustee">Choose at least one trustee' in answer.text


def test_some_of_the_holders_hold_a_ceremony_and_are_enough(client, page, real, sign_in):
    path, holders, fields = page
    made = client.post(path, data={**fields, "needed": "some", "threshold": "2"})
    assert made.status_code == 303
    slug = made.location.rpartition("/")[2]
    assert "Any 2 of these 3 trustees can open the count together" in client.get(f"/ballots/{slug}/run").text
    client.post(f"/ballots/{slug}/run/ask-keys")
    assert "step 1 of 3" in client.get(f"/ballots/{slug}/run").text
    with db.transaction() as session:
        ballot = session.query(Ballot).one()
        assert ballot.threshold == 2
        hand = make.Hand(slug, ballot.created_by, list(holders), [])
        make.hold_ceremony(session, hand, real)
    assert "3 of 3" in client.get(f"/ballots/{slug}/run").text
    sign_in(client, holders[0])
    assert client.get(f"/ballots/{slug}/test").status_code == 200


def test_each_of_them_is_the_usual(client, page):
    path, _, fields = page
    client.post(path, data={**fields, "needed": "all", "threshold": ""})
    with db.reading() as session:
        assert session.query(Ballot).one().threshold is None


def test_a_time_that_comes_twice_can_be_meant_either_way(client, page):
    path, _, fields = page
    closes = {"opens": "2030-10-20T12:00", "closes": "2030-10-27T02:30"}
    asked = client.post(path, data={**fields, **closes}).text
    later = "2030-10-27T01:30:00+00:00"
    assert f'value="{later}"' in asked
    assert client.post(path, data={**fields, **closes, "closes_meant": later}).status_code == 303
    with db.reading() as session:
        assert session.query(Ballot).one().closes_at.isoformat() == later


def test_a_clause_is_frozen_with_the_rule(client, page):
    path, _, fields = page
    clause = {"extend_turnout": "1/3", "extend_hours": "24", "extend_outage": "10"}
    assert client.post(path, data={**fields, **clause}).status_code == 303
    with db.reading() as session:
        assert Clause.of(session.query(Ballot).one().rule) == Clause(Share(1, 3), 24, 10)


def test_without_words_about_it_nothing_moves_the_close(client, page):
    path, _, fields = page
    assert client.post(path, data=fields).status_code == 303
    with db.reading() as session:
        assert Clause.of(session.query(Ballot).one().rule) is None


def test_our_own_rules_stand_first_and_open_the_others_fold_but_for_the_chosen_one(client, page):
    path, _, fields = page
    shown = client.get(path).text
    first = shown.index('name="preset"')
    folded = re.findall(r'<details class="choices__more"( open)?>', shown)
    assert "simple" in shown[first : first + 200] or "union-default" in shown[first : first + 200]
    assert " open" not in folded
    if not folded:
        return
    law = re.search(
        r'<details class="choices__more">.*?name="preset" [^>]*value="([^"]+)"', shown, re.DOTALL
    )[1]
    again = client.post(path, data={**fields, "question": "", "preset": law}).text
    held = re.search(r'<details class="choices__more" open>(.*?)</details>', again, re.DOTALL)[1]
    assert re.search(rf'<input checked [^>]*value="{law}"', held)
    assert again.count('<details class="choices__more" open>') == 1
