"""When things go wrong with a vote, page by page: a close that may move, a lost code, a count nobody can finish."""

import json
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories.members import make_member
from tests.pages.test_ballots import at, written
from union.ballots import presets, service
from union.ballots.extension import Clause
from union.ballots.models import PublicCredential
from union.ballots.rules import Share
from union.core import db
from union.core.actor import SYSTEM, Role
from union.notify.models import Outbox

HALF = Clause(Share(1, 2), 24)
TYPED = {"extend_turnout": "1/2", "extend_hours": "24", "extend_outage": ""}
NOTE = "Trustee 3 lost the key file with the laptop; there was no copy."
DAY = timedelta(days=1)
AWAY = {303, 403}
"""Signed out: sent to the sign-in, or refused."""


@pytest.fixture
def real():
    return make.real_now()


def text_of(client, path):
    got = client.get(path)
    assert got.status_code == 200, path
    return unescape(got.text)


def clause_of(hand):
    with db.reading() as session:
        return Clause.of(make.row(session, hand).rule)


def with_clause(hand, now, clause=HALF):
    written(
        lambda s: service.set_extension(
            s,
            actor=make.actor(s, hand.organizer),
            now=now,
            slug=hand.slug,
            clause=clause,
            public_url="http://localhost",
        )
    )
    return hand


def opened(hand, now):
    return written(lambda s: make.open_now(s, hand, now))


def an_officer(name="Officer"):
    return written(lambda s: make_member(s, roles=[Role.OFFICER], chapter="utrecht", name=name))


def everybody_but(client, sign_in, hand, allowed):
    """Yield each of those who may not, signed in; nobody first."""
    yield "nobody"
    for role, member in (
        ("member", hand.voters[2]),
        ("trustee", hand.trustees[0]),
        ("organizer", hand.organizer),
    ):
        if role not in allowed:
            sign_in(client, member)
            yield role


# The close may move


@pytest.mark.parametrize("state", ["draft", "keys", "credentials"])
def test_a_clause_is_chosen_until_the_opening_and_taken_back(client, sign_in, real, state):
    hand = at(state, real)
    run = f"/ballots/{hand.slug}/run"
    for who in everybody_but(client, sign_in, hand, {"organizer"}):
        assert client.post(f"{run}/extension", data=TYPED).status_code in AWAY, who
    assert clause_of(hand) is None
    sign_in(client, hand.organizer)
    assert client.post(f"{run}/extension", data=TYPED).status_code == 303
    shown = text_of(client, run)
    assert "The close may move once, as written." in shown
    assert 'value="1/2"' in shown
    assert "less than 1/2 of the votes" in shown
    assert clause_of(hand) == HALF
    assert client.post(f"{run}/extension", data=dict.fromkeys(TYPED, "")).status_code == 303
    assert "Nothing can move the close." in text_of(client, run)
    assert clause_of(hand) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"extend_turnout": "half"}, "Write a fraction of whole numbers"),
        ({"extend_hours": ""}, "Say by how many whole hours"),
        ({"extend_hours": "a day"}, "Not a valid integer"),
        ({"extend_turnout": ""}, "Below which turnout?"),
        ({"extend_outage": "1441"}, "Give between 1 and 1440 minutes."),
    ],
)
def test_a_clause_that_cannot_be_is_refused_and_stays_typed(client, sign_in, real, wrong, words):
    hand = at("keys", real)
    sign_in(client, hand.organizer)
    typed = {**TYPED, **wrong}
    got = client.post(f"/ballots/{hand.slug}/run/extension", data=typed)
    assert got.status_code == 422
    assert words in unescape(got.text)
    assert all(f'value="{value}"' in got.text for value in typed.values() if value)
    assert clause_of(hand) is None


def test_nobody_writes_a_clause_once_voting_is_open(client, sign_in, real):
    hand = at("open", real)
    sign_in(client, hand.organizer)
    assert "extend_turnout" not in text_of(client, f"/ballots/{hand.slug}/run")
    got = client.post(f"/ballots/{hand.slug}/run/extension", data=TYPED)
    assert got.status_code == 409
    assert "open" in got.text
    assert clause_of(hand) is None


SAYS = {
    "en": ("less than 1/2 of the votes", "can move once", "The close has moved from", "closed as planned"),
    "nl": ("minder dan 1/2 van de stemmen", "één keer", "De sluiting is verschoven", "zoals gepland"),
}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_everybody_reads_the_clause_before_and_what_came_of_it_after(client, real, language):
    clause, may, moved, did_not = SAYS[language]
    then = real - timedelta(days=8)
    hand = with_clause(at("credentials", then), then)
    page = f"/ballots/{hand.slug}?lang={language}"
    before = text_of(client, page)
    assert clause in before
    assert may in before
    opened(hand, then)
    print_of = text_of(client, page).split("<code")[1]
    written(lambda s: close_late(s, hand))
    after = text_of(client, page)
    assert clause in after
    assert moved in after
    assert print_of in after, "the rule's fingerprint does not change"
    full = with_clause(at("credentials", then, voters=2, title="Enough", chapter="rotterdam"), then)
    opened(full, then)
    with make.at_database_time(then):
        written(lambda s: make.vote(s, full, full.voters[0], [[1, 0, 0]], then))
    written(lambda s: make.close(s, full))
    assert did_not in text_of(client, f"/ballots/{full.slug}?lang={language}")


def close_late(session, hand):
    return service.close_ballot(
        session, actor=SYSTEM, now=make.real_now(), slug=hand.slug, public_url=make.PUBLIC_URL
    )


@pytest.mark.parametrize("clause", [HALF, None])
def test_between_the_planned_close_and_the_decision_nobody_reads_that_it_is_closed(
    client, sign_in, real, clause
):
    then = real - timedelta(days=8)
    hand = with_clause(at("credentials", then), then, clause)
    opened(hand, then)
    with db.reading() as session:
        sealed = make.seal(session, hand, hand.voters[0], [[1, 0, 0]])
    sign_in(client, hand.voters[0])
    page, booth = text_of(client, f"/ballots/{hand.slug}"), text_of(client, f"/ballots/{hand.slug}/booth")
    cast = client.post(f"/ballots/{hand.slug}/cast", json={"ballot": sealed})
    assert cast.status_code == 409
    assert "Go to the booth" not in page
    if clause is None:
        assert "no vote is taken any more" in page
        assert "Voting closed" in booth
        assert cast.get_json()["error"] == "closed"
        return
    assert "The closing is being decided" in page
    assert "The closing is being decided" in booth
    assert "Voting closed" not in booth
    assert cast.get_json()["error"] == "deciding"
    assert "your vote was not taken" in cast.get_json()["message"]
    written(lambda s: close_late(s, hand))
    assert "The close has moved" in text_of(client, f"/ballots/{hand.slug}")
    assert "Go to the booth" in text_of(client, f"/ballots/{hand.slug}")
    assert client.post(f"/ballots/{hand.slug}/cast", json={"ballot": sealed}).status_code == 201


# A lost code


def newest_code(hand, member_id):
    with db.reading() as session:
        query = select(Outbox).where(Outbox.member_id == member_id, Outbox.kind.startswith("credential-1-"))
        return json.loads(list(session.scalars(query))[-1].sealed)["fields"]["link"].split("#")[1]


def listed(hand):
    with db.reading() as session:
        return set(session.scalars(select(PublicCredential.point)))


def test_a_member_replaces_the_own_code_three_times_and_never_after_the_opening(client, sign_in, real):
    hand = at("credentials", real)
    who, url = hand.voters[1], f"/ballots/{hand.slug}"
    sign_in(client, who)
    assert "I lost my voting code" in text_of(client, url)
    before = listed(hand)
    for _ in range(3):
        assert client.post(f"{url}/code").status_code == 303
        assert "A new one is on its way by email; only the newest works." in text_of(client, url)
    assert len(before - listed(hand)) == 1
    fourth = client.post(f"{url}/code")
    assert fourth.status_code == 409
    assert "You have asked for 3 new codes. Ask an officer what goes wrong." in fourth.text
    opened(hand, real)
    assert "I lost my voting code" not in text_of(client, url)
    late = client.post(f"{url}/code")
    assert late.status_code == 409
    assert "Voting has begun" in late.text
    assert "assisted vote" in late.text
    assert "assisted vote" in text_of(client, url)
    with db.reading() as session:
        old = make.seal(session, hand, who, [[1, 0, 0]])
    refused = client.post(f"{url}/cast", json={"ballot": old})
    assert refused.status_code == 422
    assert "a code that was struck never works again" in refused.get_json()["message"]
    hand.credentials[who] = newest_code(hand, who)
    with db.reading() as session:
        new = make.seal(session, hand, who, [[1, 0, 0]])
    assert client.post(f"{url}/cast", json={"ballot": new}).status_code == 201


def test_who_is_not_on_the_roll_has_no_code_to_lose(client, sign_in, real):
    hand = at("credentials", real)
    before = listed(hand)
    assert "I lost my voting code" not in text_of(client, f"/ballots/{hand.slug}")
    assert client.post(f"/ballots/{hand.slug}/code").status_code in AWAY
    for other in (hand.trustees[0], hand.organizer):
        sign_in(client, other)
        assert "I lost my voting code" not in text_of(client, f"/ballots/{hand.slug}")
        got = client.post(f"/ballots/{hand.slug}/code")
        assert got.status_code == 404
        assert "not on the roll" in got.text
    assert listed(hand) == before


def test_an_officer_replaces_a_members_code(client, sign_in, real):
    hand, officer = at("credentials", real), an_officer()
    run, before = f"/ballots/{hand.slug}/run", listed(hand)
    lost = {"member": hand.voters[1]}
    for who in everybody_but(client, sign_in, hand, set()):
        assert client.post(f"{run}/code", data=lost).status_code in AWAY, who
    sign_in(client, hand.organizer)
    assert "A lost voting code" not in text_of(client, run)
    assert listed(hand) == before
    sign_in(client, officer)
    assert "A lost voting code" in text_of(client, run)
    for typed, words in (
        ("nobody@example.net", "We know no such member."),
        (hand.organizer, "not on the roll"),
        ("", "Fill this in."),
    ):
        refused = client.post(f"{run}/code", data={"member": typed})
        assert refused.status_code == 422, typed
        assert words in refused.text
        assert f'value="{typed}"' in refused.text
    for _ in range(4):
        assert client.post(f"{run}/code", data=lost).status_code == 303
    assert "A new one is on its way to the member." in text_of(client, run)
    assert newest_code(hand, hand.voters[1]) not in text_of(client, run)
    assert len(before - listed(hand)) == 1
    opened(hand, real)
    late = client.post(f"{run}/code", data=lost)
    assert late.status_code == 409
    assert "Voting has begun" in late.text
    assert "A lost voting code" not in text_of(client, run)


# A count that nobody can finish


@pytest.fixture
def stuck(database, real):
    """A closed ballot one of whose three keys never comes; and two officers."""
    del database
    hand = at("closed", real)
    written(lambda s: make.decrypt(s, hand, real, only=hand.trustees[:2]))
    return hand, an_officer("First"), an_officer("Second")


def say(hand, officer, when):
    written(
        lambda s: service.ask_to_give_up(
            s, actor=make.actor(s, officer), now=when, slug=hand.slug, note=NOTE, public_url=make.PUBLIC_URL
        )
    )


def state_of(hand):
    with db.reading() as session:
        return make.row(session, hand).state


def test_only_officers_say_and_agree_that_it_cannot_be_counted(client, sign_in, real, stuck):
    hand, first, _ = stuck
    run = f"/ballots/{hand.slug}/run"
    for _who in everybody_but(client, sign_in, hand, set()):
        assert client.post(f"{run}/cannot-be-counted", data={"note": NOTE}).status_code in AWAY
    sign_in(client, hand.organizer)
    assert "Say that this ballot cannot be counted" not in text_of(client, run)
    say(hand, first, real - DAY)
    for what in ("give-up", "keep-counting"):
        got = client.post(f"{run}/{what}")
        assert got.status_code == 403
        assert "Only an officer can do this." in got.text
    assert "Only an officer can do this." in text_of(client, run)
    assert state_of(hand) == "closed"


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_first_word_is_public_at_once_and_can_be_taken_back(client, sign_in, stuck, language):
    hand, first, second = stuck
    run, page = f"/ballots/{hand.slug}/run", f"/ballots/{hand.slug}?lang={language}"
    sign_in(client, first)
    short = client.post(f"{run}/cannot-be-counted", data={"note": "Lost."})
    assert short.status_code == 422
    assert "Write between 20 and 2000 characters" in short.text
    assert ">Lost.</textarea>" in short.text.replace("\n", "").replace("\r", "")
    assert client.post(f"{run}/cannot-be-counted", data={"note": NOTE}).status_code == 303
    assert "A second officer must agree: you said it yourself." in text_of(client, run)
    for officer, words in ((first, "A second officer must agree"), (second, "The trustees have a day")):
        sign_in(client, officer)
        refused = client.post(f"{run}/give-up")
        assert refused.status_code == 409
        assert words in refused.text
    assert "The trustees have a day" in text_of(client, run)
    twice = client.post(f"{run}/cannot-be-counted", data={"note": NOTE})
    assert twice.status_code == 409
    with client.session_transaction() as cookie:
        cookie.clear()
    assert NOTE in text_of(client, page)
    assert "Officer" not in text_of(client, page).replace("officer", ""), "nobody reads who said it"
    sign_in(client, second)
    assert client.post(f"{run}/keep-counting").status_code == 303
    assert NOTE not in text_of(client, page)
    assert state_of(hand) == "closed"


@pytest.mark.parametrize("language", ["en", "nl"])
def test_two_officers_end_it_in_public_and_the_question_is_asked_again(
    client, sign_in, real, stuck, language
):
    hand, first, second = stuck
    run, page = f"/ballots/{hand.slug}/run", f"/ballots/{hand.slug}"
    say(hand, first, real - DAY)
    sign_in(client, first)
    assert client.post(f"{run}/give-up").status_code == 409
    sign_in(client, second)
    assert "Agree: it cannot be counted" in text_of(client, run)
    assert client.post(f"{run}/give-up").status_code == 303
    assert state_of(hand) == "uncountable"
    assert client.post(f"{run}/give-up").status_code == 409
    title = {"en": "This ballot cannot be counted", "nl": "Deze stemming is niet te tellen"}[language]
    for reader in (None, hand.voters[0], hand.trustees[2], hand.organizer):
        if reader:
            sign_in(client, reader)
        else:
            with client.session_transaction() as cookie:
                cookie.clear()
        shown = text_of(client, f"{page}?lang={language}")
        assert title in shown
        assert NOTE in shown
        assert client.get(f"{page}/board").status_code == 200
        assert client.get("/ballots").status_code == 200
    sign_in(client, hand.trustees[2])
    assert client.get(f"{page}/decrypt?lang=en").status_code == 409
    sign_in(client, hand.voters[0])
    assert "cannot be counted" in text_of(client, f"{page}/booth?lang=en")
    objection = {"text": "Why was there no second trustee?"}
    assert client.post(f"{page}/objections", data=objection).status_code == 303
    sign_in(client, hand.organizer)
    assert "Hold this ballot again" in text_of(client, f"{run}?lang=en")
    again = client.post(f"{run}/again")
    assert again.status_code == 303
    assert f'href="{page}"' in text_of(client, again.location)
    assert "The question is asked again:" in text_of(client, f"{page}?lang=en")


# The rules to choose from


def test_every_rule_has_a_place(client):
    del client
    assert {rule.place for rule in presets.presets().values()} == {"", *presets.PLACES}
