"""Pages of weights, shuffles, counted orders and priorities: as everybody who may see them, in both languages."""

import csv
import io

import pytest

from tests.factories import ballots as make
from tests.factories.members import make_member
from tests.pages.test_ballots import at, written
from tests.rooms.ballots.test_ranked import GRADE, NAMES, RANK, SEATS, closed, whole
from tests.rooms.campaigns.test_priorities import campaign_with_demands
from union.ballots import service
from union.core import db
from union.core.actor import Role


@pytest.fixture
def real():
    return make.real_now()


def text_of(client, path):
    got = client.get(path)
    assert got.status_code == 200, path
    return got.get_data(as_text=True)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_counted_orders_are_drawn_told_and_given_as_tables(client, sign_in, now, language):
    answers = [[order, [1, 2, 3], order] for order in ([1, 2, 3, 4], [2, 1, 3, 0], [0, 0, 0, 0])]
    hand = written(lambda s: whole(s, now, questions=(RANK, GRADE, SEATS), answers=answers))
    for reader in (None, hand.voters[0], hand.trustees[0], hand.organizer):
        if reader:
            sign_in(client, reader)
        page = text_of(client, f"/ballots/{hand.slug}?lang={language}")
        assert page.count('class="fig"') >= 4
    told = {"en": "Every two answers are compared", "nl": "Elke twee antwoorden worden vergeleken"}
    report = text_of(client, f"/ballots/{hand.slug}/report?lang={language}")
    assert told[language] in page
    assert told[language] in report
    table = list(csv.reader(io.StringIO(text_of(client, f"/ballots/{hand.slug}/counts/1.csv"))))
    assert table[0] == [*NAMES, "votes"]
    assert ["1", "2", "3", "4", "1"] in table
    facts = client.get(f"/ballots/{hand.slug}/counts/1.json").get_json()
    assert (facts["method"], facts["valid"], facts["blank"]) == ("Schulze", 2, 1)
    assert facts["steps"][0] == "2 votes count, 1 are blank."
    rounds = client.get(f"/ballots/{hand.slug}/counts/3.json").get_json()["rounds"]
    assert rounds[0]["votes"]["0"] == "1"
    assert client.get(f"/ballots/{hand.slug}/counts/2.json").get_json()["grades"] == ["Good", "Fair", "Bad"]
    assert client.get(f"/ballots/{hand.slug}/counts/4.json").status_code == 404


def test_an_answer_is_never_a_formula(client, now):
    asked = service.approval("Which?", ["=1+1", "b"], 1)
    facts = {"questions": [asked], "kind": "demands", "preset": "simple-majority"}
    hand = written(lambda s: make.make_concluded_ballot(s, now, answers=[(1, 0), (1, 1)], **facts))
    table = list(csv.reader(io.StringIO(text_of(client, f"/ballots/{hand.slug}/counts/1.csv"))))
    assert table == [["answer", "votes"], ["'=1+1", "2"], ["b", "1"]]


def test_each_trustee_is_led_to_the_shuffle_in_turn(client, sign_in, now):
    hand = written(lambda s: closed(s, now))
    first, second = hand.trustees
    sign_in(client, second)
    assert "We write to you when it is your turn" in text_of(client, f"/ballots/{hand.slug}")
    early = client.get(f"/ballots/{hand.slug}/shuffle")
    assert early.status_code in {409, 410}
    assert "It is the turn of Trustee 1 now" in early.get_data(as_text=True)
    sign_in(client, hand.organizer)
    run = text_of(client, f"/ballots/{hand.slug}/run")
    for words in (
        "Remind Trustee 1",
        "Go on without the shuffle of Trustee 1",
        "they can tell which vote was",
    ):
        assert words in run
    assert client.get(f"/ballots/{hand.slug}/shuffle").status_code == 403
    sign_in(client, first)
    assert f'href="/ballots/{hand.slug}/shuffle"' in text_of(client, "/ballots")
    assert client.get(f"/ballots/{hand.slug}/decrypt").status_code in {409, 410}
    assert "Shuffle and send" in text_of(client, f"/ballots/{hand.slug}/shuffle")
    wrong = client.post(f"/ballots/{hand.slug}/shuffle", json={"shuffle": "{}"})
    assert (wrong.status_code, wrong.get_json()["error"]) == (422, "shuffle-form")
    assert "Trustee 1" in wrong.get_json()["message"]
    made = written(lambda s: make.shuffled(s, hand))
    assert client.post(f"/ballots/{hand.slug}/shuffle", json={"shuffle": made}).get_json() == {"waiting": 1}
    assert 'data-done="1"' in text_of(client, f"/ballots/{hand.slug}/shuffle")
    sign_in(client, hand.organizer)
    for what, words in (("remind-shuffler", "written to today already"), ("leave-out", "goes on without")):
        assert client.post(f"/ballots/{hand.slug}/run/{what}").status_code == 303
        assert words in text_of(client, f"/ballots/{hand.slug}/run")
    assert "Did not shuffle" in text_of(client, f"/ballots/{hand.slug}")


def test_a_big_shuffle_is_taken_and_other_big_bodies_are_not(client, sign_in, now):
    hand = written(lambda s: closed(s, now))
    sign_in(client, hand.trustees[0])
    big = "x" * (3 * 2**20)
    assert client.post(f"/ballots/{hand.slug}/shuffle", json={"shuffle": big}).status_code == 422
    assert client.post(f"/ballots/{hand.slug}/key", json={"public_key": big}).status_code == 413


@pytest.mark.parametrize("language", ["en", "nl"])
def test_weights_by_list_and_by_chapter(client, sign_in, real, language):
    hand = at("keys", real, voters=6, kind="general")
    officer = written(lambda s: make_member(s, roles=[Role.OFFICER], chapter="utrecht", language=language))
    weights = f"/ballots/{hand.slug}/weights"
    sign_in(client, hand.organizer)
    assert "By a list" not in text_of(client, weights)
    got = client.post(f"{weights}/chapter", data={"chapter-per": "0", "chapter-smallest": "5"})
    assert got.status_code == 422
    assert (
        client.post(f"{weights}/chapter", data={"chapter-per": "2", "chapter-smallest": "5"}).status_code
        == 303
    )
    assert "one for every 2 members" in text_of(client, weights)
    sign_in(client, officer)
    rows = "".join(f"{member},{1 + n % 2}\n" for n, member in enumerate(hand.voters))
    bad = client.post(f"{weights}/file?lang={language}", data={"text": rows + "x,1\n", "smallest": "3"})
    page = bad.get_data(as_text=True)
    assert bad.status_code == 200
    assert ("niemand met de naam x" if language == "nl" else "nobody called x") in page
    assert hand.voters[0] in page
    assert 'name="take"' not in page
    file = {"file": (io.BytesIO(rows.encode()), "weights.csv"), "smallest": "3"}
    tried = client.post(f"{weights}/file", data=file, content_type="multipart/form-data")
    assert 'name="take"' in tried.get_data(as_text=True)
    refused = client.post(f"{weights}/file", data={"text": "x,1", "smallest": "3", "take": "yes"})
    assert refused.status_code == 422
    assert client.post(f"{weights}/file", data={"text": "", "smallest": "3"}).status_code == 422
    taken = client.post(f"{weights}/file", data={"text": rows, "smallest": "3", "take": "yes"})
    assert taken.status_code == 303
    with db.reading() as session:
        assert make.row(session, hand).weighting == {"by": "file", "per": 1, "smallest": 3}
    sign_in(client, hand.organizer)
    assert client.post(f"{weights}/equal").status_code == 303


def test_a_voter_is_told_what_the_own_vote_counts(client, sign_in, real):
    def opened(session):
        weighting = service.Weighting(service.By.CHAPTER, 2, 1)
        return make.make_open_ballot(
            session, real, voters=5, kind="general", preset="simple-majority", weighting=weighting
        )

    hand = written(opened)
    sign_in(client, hand.voters[0])
    assert "Your vote counts 3 times." in text_of(client, f"/ballots/{hand.slug}")
    assert "Your vote counts 3 times." in text_of(client, f"/ballots/{hand.slug}/booth")


def test_organizers_let_members_rank_the_demands(client, sign_in, now):
    slug, organizer = written(
        lambda s: (campaign_with_demands(s, now)[0], make_member(s, roles=[Role.ORGANIZER]))
    )
    trustee = written(lambda s: make_member(s, roles=[Role.TRUSTEE], name="Tirza"))
    assert "Let members rank" not in text_of(client, f"/campaigns/{slug}/demands")
    sign_in(client, organizer)
    assert "Let members rank the demands" in text_of(client, f"/campaigns/{slug}/demands")
    page = text_of(client, f"/campaigns/{slug}/priorities")
    assert "Our data, portable" in page
    assert "let members approve instead" in page
    form = {
        "how": "ranking",
        "title": "Order of the demands",
        "intro": "",
        "question": "Which demands come first?",
        "preset": "simple-majority",
        "group": "",
        "zone": "Europe/Amsterdam",
        "opens": "2030-06-03T09:00",
        "closes": "2030-06-10T20:00",
        "trustees": trustee,
    }
    wrong = client.post(f"/campaigns/{slug}/priorities", data={**form, "title": ""})
    assert wrong.status_code == 422
    assert "Which demands come first?" in wrong.get_data(as_text=True)
    made = client.post(f"/campaigns/{slug}/priorities", data=form)
    assert made.status_code == 303
    assert "Put" not in text_of(client, made.headers["Location"]).split("<h1>")[0]
    assert "A secret vote on the order is under way." in text_of(client, f"/campaigns/{slug}/demands")
    again = client.post(f"/campaigns/{slug}/priorities", data=form)
    assert again.status_code == 422
    assert "under way already" in again.get_data(as_text=True)
