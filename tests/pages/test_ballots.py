"""Every page of the ballots, in every state, as everybody who may see it; and what their forms and scripts send."""

import json
import re
from datetime import datetime, timedelta
from html import unescape

import pytest

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.ballots import queries, receipts, service
from union.core import db
from union.core.actor import Role

YES = [[1, 0, 0]]
JSON = {"Accept": "application/json"}


@pytest.fixture
def real():
    return make.real_now()


def written(work):
    with db.transaction() as session:
        return work(session)


def at(state, now, **facts):
    """A ballot in `state`, its times around `now`."""

    then = now - timedelta(days=8)
    makers = {
        "draft": lambda s: make.make_ballot_draft(s, now, **facts),
        "keys": lambda s: make.asked(s, make.make_ballot_draft(s, now, **facts), now),
        "credentials": lambda s: make.issue(
            s, make.give_keys(s, make.make_ballot_draft(s, now, **facts), now), now
        ),
        "open": lambda s: make.make_open_ballot(s, now, **facts),
        "closed": lambda s: make.close(s, make.make_open_ballot(s, then, **facts)),
        "cancelled": lambda s: make.call_off(s, make.make_open_ballot(s, now, **facts), now),
        "concluded": lambda s: make.make_concluded_ballot(s, then, **facts),
    }
    work = makers[state]
    return written(work)


STATES = ["draft", "keys", "credentials", "open", "closed", "concluded", "cancelled"]


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("state", STATES)
def test_every_page_in_every_state(client, sign_in, real, state, language):
    facts = {"kind": "general", "demands": True} if state == "open" else {}
    hand = at(state, real, language=language, **facts)
    for reader in (None, hand.voters[0], hand.trustees[0], hand.organizer):
        if reader:
            sign_in(client, reader)
        hidden = state in {"draft", "keys"} and reader in {None, hand.voters[0]}
        for path in ("", "/board"):
            got = client.get(f"/ballots/{hand.slug}{path}?lang={language}")
            assert got.status_code == (404 if hidden and not path else 200), (path, reader)
        assert client.get("/ballots").status_code == 200
        runs = client.get(f"/ballots/{hand.slug}/run")
        assert runs.status_code == (200 if reader == hand.organizer else 303 if reader is None else 403)
    if state == "concluded":
        assert client.get(f"/ballots/{hand.slug}/report").status_code == 200


def test_the_booth_is_for_members_on_the_roll_while_it_is_open(client, sign_in, real):
    hand = at("open", real)
    assert client.get(f"/ballots/{hand.slug}/booth").status_code == 303
    sign_in(client, hand.voters[0])
    page = client.get(f"/ballots/{hand.slug}/booth").get_data(as_text=True)
    with db.reading() as session:
        assert make.row(session, hand).fingerprint in page
    assert 'id="booth"' in page
    sign_in(client, hand.trustees[0])
    assert "not on the roll" in client.get(f"/ballots/{hand.slug}/booth").get_data(as_text=True)
    later = at("credentials", real, title="Later")
    sign_in(client, later.voters[0])
    assert "opens" in client.get(f"/ballots/{later.slug}/booth").get_data(as_text=True)


def test_the_link_in_the_message_opens_the_booth(client, sign_in, real):
    hand = at("open", real)
    with db.reading() as session:
        uuid = make.row(session, hand).uuid
    sign_in(client, hand.voters[0])
    assert 'id="booth"' in client.get(f"/ballots/{uuid}/booth").get_data(as_text=True)


def test_voting_over_http(client, sign_in, real):
    hand = at("open", real)
    with db.reading() as session:
        text = make.seal(session, hand, hand.voters[0], YES)
        fingerprint = make.row(session, hand).fingerprint
    url = f"/ballots/{hand.slug}/cast"
    assert client.post(url, json={"ballot": text}).status_code == 403
    sign_in(client, hand.voters[0])
    first = client.post(url, json={"ballot": text})
    assert first.status_code == 201
    told = first.get_json()
    page = client.get(f"/ballots/{hand.slug}/booth").get_data(as_text=True)
    key = page.split('data-receipt-key="')[1][:64]
    receipt = service.Receipt(told["tracker"], told["height"], told["chain_head"], told["signature"])
    assert receipts.genuine(key, fingerprint, receipt)
    again = client.post(url, json={"ballot": text})
    assert again.status_code == 200
    assert again.get_json().items() <= told.items()
    refused = client.post(url, json={"ballot": "x"})
    assert refused.status_code == 422
    assert refused.get_json()["error"] == "ballot-form"
    assert client.post(url, json={"vote": 1}).status_code == 422
    assert client.post(url, data="nonsense", content_type="application/json").status_code == 422
    board = client.get(f"/ballots/{hand.slug}/board", query_string={"tracker": told["tracker"].lower()})
    assert "It counts" in board.get_data(as_text=True)
    assert "not on the board" in client.get(f"/ballots/{hand.slug}/board?tracker=abc").get_data(as_text=True)
    assert "Your vote is on the board" in client.get(f"/ballots/{hand.slug}").get_data(as_text=True)


def test_what_scripts_and_observers_fetch(client, real):
    hand = at("closed", real)
    with db.reading() as session:
        ballot = make.row(session, hand)
        archive = b"".join(queries.archive(session, hand.slug))
    assert client.get(f"/ballots/{hand.slug}/election.json").data == ballot.election
    head = client.get(f"/ballots/{hand.slug}/head.json").get_json()
    assert (head["height"], head["head"]) == (ballot.height, ballot.head)
    assert len(client.get(f"/ballots/{hand.slug}/credentials.json").get_json()) == 5
    assert json.loads(client.get(f"/ballots/{hand.slug}/tally.json").data)
    got = client.get(f"/ballots/{hand.slug}/archive.bel")
    assert got.data == archive
    assert f"{ballot.uuid}.bel" in got.headers["Content-Disposition"]
    early = at("credentials", real, title="Early")
    for name in ("election.json", "head.json", "archive.bel", "tally.json"):
        assert client.get(f"/ballots/{early.slug}/{name}").status_code == 404
    assert client.get("/ballots/no-such-ballot").status_code == 404


def test_trustees_over_http(client, sign_in, real):
    import secrets

    from union.ballots.crypto import group_named, make_key

    hand = at("keys", real)
    sign_in(client, hand.trustees[0])
    assert client.get(f"/ballots/{hand.slug}/key").status_code == 200
    url = f"/ballots/{hand.slug}/key"
    assert client.post(url, json={"public_key": "{}"}).get_json()["error"] == "trustees-form"
    key = make_key(group_named("Ed25519"), secrets.randbelow)
    got = client.post(url, json={"public_key": key.public.record().decode()})
    assert len(got.get_json()["fingerprint"]) == 43
    assert str(key.public.public_key) in client.get(url).get_data(as_text=True)
    sign_in(client, hand.organizer)
    assert client.get(url).status_code == 403


def test_shares_over_http(client, sign_in, real):
    hand = at("closed", real)
    for n, trustee in enumerate(hand.trustees):
        sign_in(client, trustee)
        assert client.get(f"/ballots/{hand.slug}/decrypt").status_code == 200
        with db.reading() as session:
            decryption, strong = make.share(session, hand, trustee)
        wrong = client.post(f"/ballots/{hand.slug}/decrypt", json={"decryption": "{}", "strong_proofs": "[]"})
        assert (wrong.status_code, wrong.get_json()["error"]) == (422, "decryption-form")
        assert f"Trustee {n + 1}" in wrong.get_json()["message"]
        got = client.post(
            f"/ballots/{hand.slug}/decrypt", json={"decryption": decryption, "strong_proofs": strong}
        )
        assert got.get_json() == {"waiting": 2 - n, "unneeded": False}
    assert "Nobody voted" in client.get(f"/ballots/{hand.slug}").get_data(as_text=True)


CHOICE = {
    "q1_question": "Which?",
    "q1_answers": "One\nTwo\n\nThree",
    "q1_least": "0",
    "q1_most": "2",
    "q1_seats": "2",
}


def form(**change):
    base = {
        "kind": "strike_vote",
        "title": "Log off",
        "intro": "",
        "asks": "decision",
        "q0_question": "Do we log off?",
        "preset": "union-default",
        "group": "BELENIOS-2048",
        "zone": "Europe/Amsterdam",
        "opens": "2030-06-03T09:00",
        "closes": "2030-06-10T20:00",
        "platform": "",
        "chapter": "",
        "server_trustee": "y",
        "contest_days": "7",
    }
    return {**base, **change}


@pytest.fixture
def organizer(client, sign_in, database):
    member = written(lambda session: make_member(session, roles=[Role.ORGANIZER], name="Olga"))
    written(lambda session: make_member(session, roles=[Role.TRUSTEE], name="Tirza"))
    sign_in(client, member)
    return member


def test_a_draft_from_the_form(client, organizer):
    assert "Tirza" in client.get("/ballots/new").get_data(as_text=True)
    got = client.post(
        "/ballots/new",
        data=form(asks="decision,choice", **CHOICE),
    )
    assert got.status_code == 303
    page = client.get(got.headers["Location"]).get_data(as_text=True)
    assert "Ask the trustees for their keys" in page
    assert "Three" in client.get("/ballots/log-off").get_data(as_text=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": ""}, "Fill this in."),
        ({"asks": "approval", "q0_answers": "a\nb", "q0_seats": "1"}, "a question that decides"),
        ({"asks": ""}, "between 1 and 10 questions"),
        ({"closes": "2030-06-03T08:00"}, "must close after it opens"),
        ({"opens": "2020-06-03T08:00", "closes": "2020-06-10T08:00"}, "closing time is over already"),
        ({"server_trustee": ""}, "at least one trustee"),
        ({"asks": "decision,choice", **CHOICE, "q1_answers": "One"}, "Give between 2 and 30, one a line"),
        ({"asks": "decision,choice", **CHOICE, "q1_most": "4"}, "Between 1 and 3 of these answers can be"),
        ({"asks": "decision,choice", **CHOICE, "q1_seats": "9"}, "Between 1 and 3 of these answers can win"),
        (
            {"asks": "decision,ranking", **CHOICE, "q1_method": "STV"},
            "This mathematics cannot carry orders and grades",
        ),
        ({"opens": "2030-03-31T02:30"}, "does not exist in Europe/Amsterdam"),
    ],
)
def test_the_form_says_what_to_change_and_keeps_what_was_typed(client, organizer, change, told):
    got = client.post("/ballots/new", data=form(**change))
    assert got.status_code == 422
    page = got.get_data(as_text=True)
    assert told in page
    assert ("Log off" if "title" not in change else "Do we log off?") in page


def shown(page, name):
    """The value a form shows in a field."""
    area = re.search(rf'<textarea[^>]*name="{name}"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    plain = re.search(rf'<input[^>]*name="{name}"[^>]*value="(.*?)"', page)
    return unescape((area or plain)[1]).replace("\r\n", "\n").strip()


def test_questions_are_added_and_removed_with_all_that_was_typed(client, organizer):
    typed = form(asks="approval", q0_question="Whom do you trust?", q0_answers="Ada\nBob", q0_seats="2")
    page = client.post("/ballots/new", data={**typed, "add": "grading"}).get_data(as_text=True)
    assert shown(page, "asks") == "approval,grading"
    assert shown(page, "q0_question") == "Whom do you trust?"
    assert shown(page, "q0_answers") == "Ada\nBob"
    assert shown(page, "q1_grades").splitlines()[0] == "Excellent"
    assert shown(page, "title") == "Log off"
    page = client.post("/ballots/new", data={**typed, "add": "decision"}).get_data(as_text=True)
    assert shown(page, "asks") == "decision,approval"
    assert shown(page, "q1_question") == "Whom do you trust?"
    assert shown(page, "q0_question") == ""
    assert (
        'value="decision">' not in page.split("Add a question")[1].split("</form>")[0]
    )  # one question decides
    two = {**typed, "asks": "approval,ranking", "q1_question": "Which first?", "q1_answers": "x\ny"}
    page = client.post("/ballots/new", data={**two, "remove": "0"}).get_data(as_text=True)
    assert shown(page, "asks") == "ranking"
    assert shown(page, "q0_question") == "Which first?"
    nothing = client.post("/ballots/new", data={**typed, "remove": "0"}).get_data(as_text=True)
    assert "Nothing is asked yet." in nothing


def test_every_kind_is_previewed_and_drafted(client, organizer):
    everything = form(
        asks="decision,approval,choice,ranking,ranking,grading",
        kind="general",
        group="",
        **{f"q{n}_question": f"Question {n}" for n in range(1, 6)},
        **{f"q{n}_answers": "\n".join(f"Answer {c}" for c in "abcdefg") for n in range(1, 6)},
        **{f"q{n}_seats": "2" for n in range(1, 5)},
        q2_least="1",
        q2_most="3",
        q2_blank="y",
        q3_method="Schulze",
        q4_method="STV",
        q5_grades="Good\nBad",
    )
    page = client.post("/ballots/new", data={**everything, "preview": "yes"})
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    for words in (
        "What voters will see",
        "Mathematics: Ed25519.",
        "a rare one can point to whoever gave it",
        "Voters choose as many as they like.",
        "Voters choose 1 to 3.",
        "Or they vote blank.",
        "single transferable vote; 2 are elected",
        "Schulze",
        "Good, Bad",
    ):
        assert words in text, words
    with db.reading() as session:
        assert make.ballot_called(session, "log-off") is None  # nothing is kept by looking
    assert client.post("/ballots/new", data=everything).status_code == 303
    with db.reading() as session:
        ballot = make.ballot_called(session, "log-off")
        asked = [service.Asked.from_json(q) for q in ballot.questions]
    assert ballot.group_name == "Ed25519"
    assert [q.method for q in asked] == [None, None, None, "Schulze", "STV", "MajorityJudgment"]
    assert (asked[2].min, asked[2].max, asked[2].blank, asked[2].seats) == (1, 3, True, 2)
    assert (asked[1].min, asked[1].max) == (0, 7)
    page = client.get("/ballots/log-off/run").get_data(as_text=True)
    assert "Orders are published: voters are told so" in page


def test_a_time_that_happens_twice_is_asked_back(client, organizer):
    twice = form(closes="2030-10-27T02:30", opens="2030-10-20T09:00")
    got = client.post("/ballots/new", data=twice)
    assert got.status_code == 422
    page = got.get_data(as_text=True)
    assert "happens twice" in page
    assert "Which closing time do you mean?" in page
    chosen = page.split('name="closes_meant"')[2].split('value="')[1].split('"')[0].replace("&#43;", "+")
    assert client.post("/ballots/new", data={**twice, "closes_meant": chosen}).status_code == 303
    with db.reading() as session:
        assert make.ballot_called(session, "log-off").closes_at == datetime.fromisoformat(chosen)


def test_running_a_ballot_by_its_buttons(client, sign_in, real):
    hand = at("draft", real, trustees=0, server_trustee=True)
    sign_in(client, hand.organizer)
    run = f"/ballots/{hand.slug}/run"
    page = client.get(run).get_data(as_text=True)
    assert "Only the server holds a key" in page
    assert client.post(f"{run}/ask-keys").status_code == 303
    assert "The voting codes are not handed out yet." in client.get(run).get_data(as_text=True)
    assert client.post(f"{run}/credentials").status_code == 303
    assert client.post(f"{run}/open").status_code == 303
    assert client.post(f"{run}/open").status_code == 409
    assert client.post(f"{run}/remind").status_code == 303
    assert client.post(f"{run}/nonsense").status_code == 404
    assert client.post(f"{run}/cancel").status_code == 303
    assert "Called off" in client.get(f"/ballots/{hand.slug}").get_data(as_text=True)


def test_new_times(client, sign_in, real):
    hand = at("keys", real)
    sign_in(client, hand.organizer)
    url = f"/ballots/{hand.slug}/run/times"
    assert (
        client.post(url, data={"opens": "2030-06-03T09:00", "closes": "2030-06-02T09:00"}).status_code == 422
    )
    assert (
        client.post(url, data={"opens": "2030-06-03T09:00", "closes": "2030-06-09T09:00"}).status_code == 303
    )
    assert "2030" in client.get(f"/ballots/{hand.slug}/run").get_data(as_text=True)
    assert client.post(f"/ballots/{hand.slug}/run/drop-trustee", data={"position": "1"}).status_code == 303


def test_objecting(client, sign_in, real):
    hand = at("open", real)
    sign_in(client, hand.voters[0])
    assert client.post(f"/ballots/{hand.slug}/objections", data={"text": ""}).status_code == 422
    assert (
        client.post(f"/ballots/{hand.slug}/objections", data={"text": "My code came late"}).status_code == 303
    )
    sign_in(client, hand.organizer)
    page = client.get(f"/ballots/{hand.slug}").get_data(as_text=True)
    number = page.split("/objections/")[1].split('"')[0]
    assert client.post(f"/ballots/{hand.slug}/objections/{number}", data={"text": ""}).status_code == 422
    assert client.post(f"/ballots/{hand.slug}/objections/{number}", data={"text": "Sorry"}).status_code == 303
    client.get("/ballots")
    page = client.get(f"/ballots/{hand.slug}").get_data(as_text=True)
    assert "Sorry" in page
    assert "Voter 1" not in page


def test_the_roll_for_the_scrutineer(client, sign_in, real):
    import hashlib

    hand = at("open", real)
    sign_in(client, hand.organizer)
    assert client.get(f"/ballots/{hand.slug}/roll.txt").status_code == 403
    sign_in(client, written(lambda session: make_member(session, roles=[Role.OFFICER])))
    got = client.get(f"/ballots/{hand.slug}/roll.txt")
    with db.reading() as session:
        assert hashlib.sha256(got.data).hexdigest() == make.row(session, hand).roll_hash


def test_a_refused_ballot_is_held_again_from_its_page(client, sign_in, real):
    hand = at("concluded", real, answers=((0, 1, 0),) * 3)
    sign_in(client, hand.organizer)
    assert "Hold this ballot again" in client.get(f"/ballots/{hand.slug}/run").get_data(as_text=True)
    done = client.post(f"/ballots/{hand.slug}/run/again")
    assert done.status_code == 303
    page = client.get(done.headers["Location"]).get_data(as_text=True)
    assert f'href="/ballots/{hand.slug}"' in page
    old = client.get(f"/ballots/{hand.slug}?lang=nl").get_data(as_text=True)
    assert "wordt opnieuw gehouden" in old
    assert "Hold this ballot again" not in client.get(f"/ballots/{hand.slug}/run?lang=en").get_data(
        as_text=True
    )


def test_an_officer_brings_codes_made_offline(client, sign_in, real):
    import io
    import secrets

    from union.ballots import offline

    hand = at("keys", real)
    written(lambda session: give_missing_keys(session, hand, real))
    officer = written(lambda session: make_member(session, roles=[Role.OFFICER], chapter="utrecht"))
    url = f"/ballots/{hand.slug}/run"
    sign_in(client, hand.organizer)
    assert client.get(f"{url}/offline").status_code == 403
    sign_in(client, officer)
    assert "Download the roll" in client.get(f"{url}/offline").get_data(as_text=True)
    roll = client.post(f"{url}/roll.json").get_data(as_text=True)
    codes, public = offline.make_codes(offline.read_roll(roll), secrets.randbelow)

    def send(text):
        return client.post(f"{url}/offline", data={"file": (io.BytesIO(text.encode()), "public.json")})

    refused = send(codes)
    assert refused.status_code == 422
    assert "does not hold" in refused.get_data(as_text=True)
    assert client.post(f"{url}/offline", data={}).status_code == 422
    assert send(public.text()).status_code == 303
    assert "made offline: they come from the officer" in client.get(url).get_data(as_text=True)
    sign_in(client, hand.voters[0])
    assert "your code comes from the officer" in client.get(f"/ballots/{hand.slug}").get_data(as_text=True)
    shut = client.get(f"/ballots/{hand.slug}/booth?lang=nl").get_data(as_text=True)
    assert "Je code komt van de bestuurder" in shut
    with db.transaction() as session:
        make.open_now(session, hand, real)
    booth = client.get(f"/ballots/{hand.slug}/booth?lang=en").get_data(as_text=True)
    assert "your code comes from the officer" in booth
    assert "we sent you" not in booth


def give_missing_keys(session, hand, now):
    import secrets

    from union.ballots.crypto import group_named, make_key

    for trustee in hand.trustees:
        key = make_key(group_named("Ed25519"), secrets.randbelow)
        text = key.public.record().decode()
        service.submit_trustee_key(
            session,
            actor=make.actor(session, trustee),
            now=now,
            slug=hand.slug,
            text=text,
            public_url=make.PUBLIC_URL,
        )


def test_observing_a_board_from_its_page(client, sign_in, real):
    from sqlalchemy import select

    from union.ballots.models import BoardObserver
    from union.ballots.service.observers import token_of

    hand = at("open", real)
    url = f"/ballots/{hand.slug}"
    assert "Send me a link to confirm" in client.get(f"{url}/board").get_data(as_text=True)
    assert client.post(f"{url}/observe/address", data={"email": ""}).status_code == 303
    assert client.post(f"{url}/observe/address", data={"email": "no address"}).status_code == 422
    assert client.post(f"{url}/observe/address", data={"email": "eva@example.net"}).status_code == 303
    with db.reading() as session:
        token = token_of(session.scalar(select(BoardObserver.id)))
    for language in ("nl", "en"):
        assert client.get(f"/ballots/observers/{token}?lang={language}").status_code == 200
    assert client.post(f"/ballots/observers/{token}/confirm").status_code == 303
    assert "Stop, and forget" in client.get(f"/ballots/observers/{token}").get_data(as_text=True)
    assert client.post(f"/ballots/observers/{token}/stop").status_code == 303
    assert client.get(f"/ballots/observers/{token}").status_code == 404
    assert client.get("/ballots/observers/nonsense").status_code == 404
    sign_in(client, hand.voters[1])
    assert "every hour" in client.get(f"{url}/board").get_data(as_text=True)
    assert client.post(f"{url}/observe").status_code == 303
