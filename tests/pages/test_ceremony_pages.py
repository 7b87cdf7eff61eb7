"""The threshold pages over HTTP: who sees what in every step, and what their scripts send."""

import json

import pytest

from tests.factories import ballots as make
from tests.factories.members import make_member
from tests.pages.test_ballots import at, form, written
from union.core import db
from union.core.actor import Role


@pytest.fixture
def real():
    return make.real_now()


def asked(real, steps=0, **facts):
    hand = at("keys", real, threshold=2, **facts)
    with db.transaction() as session:
        make.hold_steps(session, hand, real, steps)
    return hand


def texts(client, path):
    got = client.get(path)
    assert got.status_code == 200, got.get_data(as_text=True)[:500]
    return got.get_data(as_text=True)


def send(client, hand, step, text, number=1):
    body = {"number": str(number), "step": str(step), "message": text}
    return client.post(f"/ballots/{hand.slug}/ceremony", json=body)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_everybody_reads_how_far_the_ceremony_is(client, sign_in, real, steps, language):
    hand = asked(real, steps, language=language)
    for reader in (hand.trustees[0], hand.organizer):
        sign_in(client, reader)
        page = texts(client, f"/ballots/{hand.slug}?lang={language}")
        assert ("Any 2 of these 3" if language == "en" else "Elke 2 van deze 3") in page
    run = texts(client, f"/ballots/{hand.slug}/run?lang={language}")
    if language == "en":
        waits = f"step {steps + 1} of 3, waits for Trustee 1, Trustee 2, Trustee 3"
        assert (waits if steps < 3 else "3 of 3") in run
        assert ("Start the key ceremony again" in run) == (steps > 0)
    sign_in(client, hand.trustees[0])
    assert 'id="trustee"' in texts(client, f"/ballots/{hand.slug}/key?lang={language}")
    state = client.get(f"/ballots/{hand.slug}/ceremony.json").get_json()
    assert (state["step"], state["sent"], state["index"]) == (steps + 1, steps, 1)
    assert (state["vinput"] is not None) == (steps == 2)
    assert client.get(f"/ballots/{hand.slug}/test").status_code == (200 if steps == 3 else 409)
    assert client.get(f"/ballots/{hand.slug}/sealed-key.json").status_code == (200 if steps == 3 else 409)
    sign_in(client, hand.voters[0])
    for path in ("key", "ceremony.json", "test", "sealed-key.json"):
        assert client.get(f"/ballots/{hand.slug}/{path}").status_code == 403


def test_a_ceremony_over_http(client, sign_in, real):
    hand = asked(real)
    sign_in(client, hand.trustees[0])
    with db.transaction() as session:
        step, text = make.step_of(session, hand, hand.trustees[0])
    assert send(client, hand, step, "{}").get_json()["error"] == "trustees-form"
    assert send(client, hand, step, text).get_json() == {"waiting": 2}
    assert send(client, hand, step, text).get_json() == {"waiting": 2}
    assert send(client, hand, 2, text).status_code == 409
    assert send(client, hand, step, text, number=7).status_code == 409
    for bad in (
        {"number": "x", "step": "1", "message": ""},
        {"number": "1", "step": "9" * 40, "message": ""},
    ):
        assert client.post(f"/ballots/{hand.slug}/ceremony", json=bad).status_code == 422
    assert client.post(f"/ballots/{hand.slug}/ceremony", json={"step": 1}).status_code == 422
    early = client.post(f"/ballots/{hand.slug}/ceremony/complaint", json={"number": "1", "complaint": "{}"})
    assert early.status_code == 409
    assert client.post(f"/ballots/{hand.slug}/key", json={"public_key": "{}"}).status_code == 409


def test_the_stranger_with_the_same_role_is_kept_out(client, sign_in, real):
    hand = asked(real, 1)
    stranger = written(lambda session: make_member(session, roles=[Role.TRUSTEE]))
    sign_in(client, stranger)
    for path in ("key", "ceremony.json", "sealed-key.json"):
        assert client.get(f"/ballots/{hand.slug}/{path}").status_code in {403, 404}, path
    assert send(client, hand, 2, "{}").status_code == 403


def test_the_form_explains_and_refuses_with_the_reason(client, sign_in, real):
    organizer = written(lambda session: make_member(session, roles=[Role.ORGANIZER], name="Olga"))
    trustees = written(lambda session: [make_member(session, roles=[Role.TRUSTEE]) for _ in range(3)])
    sign_in(client, organizer)
    page = texts(client, "/ballots/new")
    assert "the votes can never be counted" in page
    for threshold, reason in (
        ("3", "everybody is needed"),
        ("4", "cannot be needed"),
        ("0", "At least one"),
        ("", "Say how many"),
    ):
        sent = form(trustees=trustees, needed="some", threshold=threshold, title="Kept title")
        got = client.post("/ballots/new", data=sent)
        assert got.status_code == 422
        text = got.get_data(as_text=True)
        assert reason in text
        assert "Kept title" in text
    got = client.post("/ballots/new", data=form(trustees=trustees, needed="some", threshold="2"))
    assert got.status_code == 303
    run = got.headers["Location"]
    assert "Any 2 of these 3 trustees can open the count together with the union" in texts(client, run)
    slug = run.split("/")[2]
    wrong = client.post(f"/ballots/{slug}/run/threshold", data={"needed": "some", "threshold": "3"})
    assert wrong.status_code == 422
    assert "everybody is needed" in wrong.get_data(as_text=True)
    assert client.post(f"/ballots/{slug}/run/threshold", data={"needed": "all"}).status_code == 303
    assert "Only all trustees together with the union" in texts(client, run)


def test_opening_names_those_without_a_test(client, sign_in, real):
    hand = at("credentials", real, threshold=2)
    with db.transaction() as session:
        make.test_key(session, hand, hand.trustees[1], real)
    sign_in(client, hand.organizer)
    url = f"/ballots/{hand.slug}/run"
    page = texts(client, url)
    assert "still have their keys: Trustee 1, Trustee 3." in page
    assert 'name="untested" value="1,3"' in page
    got = client.post(f"{url}/open", data={})
    assert got.status_code == 409
    assert "Trustee 1, Trustee 3" in got.get_data(as_text=True)
    assert client.post(f"{url}/open", data={"untested": "1,3"}).status_code == 303
    assert "Open" in texts(client, url)


def test_beginning_again_over_http(client, sign_in, real):
    hand = asked(real, 2)
    sign_in(client, hand.organizer)
    url = f"/ballots/{hand.slug}/run"
    assert client.post(f"{url}/keys-anew").status_code == 303
    assert "step 1 of 3" in texts(client, url)
    sign_in(client, hand.trustees[0])
    assert client.post(f"{url}/keys-anew").status_code == 403
    state = client.get(f"/ballots/{hand.slug}/ceremony.json").get_json()
    assert (state["number"], state["step"], state["sent"]) == (2, 1, 0)


def test_the_late_share_is_said_to_be_unneeded(client, sign_in, real):
    hand = at("closed", real, threshold=2)
    with db.transaction() as session:
        liar, honest = hand.keys[hand.trustees[0]], hand.trustees[0]
        hand.keys[honest] = hand.keys[hand.trustees[1]]
        wrong = make.share(session, hand, honest)
        hand.keys[honest] = liar
    sign_in(client, hand.trustees[0])
    url = f"/ballots/{hand.slug}/decrypt"
    assert "data-sealed=" in texts(client, url)
    body = {"decryption": wrong[0], "strong_proofs": wrong[1]}
    refused = client.post(url, json=body)
    assert refused.status_code == 422
    assert "Trustee 1" in refused.get_json()["message"]
    sign_in(client, hand.organizer)
    assert "1 share of Trustee 1 was refused" in texts(client, f"/ballots/{hand.slug}/run")
    with db.transaction() as session:
        make.decrypt(session, hand, real, only=hand.trustees[:2])
    sign_in(client, hand.trustees[2])
    assert 'data-unneeded="1"' in texts(client, url)
    assert client.post(url, json=body).get_json() == {"unneeded": True, "waiting": 0}
    page = texts(client, f"/ballots/{hand.slug}/report")
    assert "Any 2 of these 3 trustees" in page
    assert "Share not needed" in page


def test_the_sealed_part_is_the_trustees_own(client, sign_in, real):
    hand = asked(real, 3)
    found = set()
    for trustee in hand.trustees:
        sign_in(client, trustee)
        got = client.get(f"/ballots/{hand.slug}/sealed-key.json")
        assert "attachment" in got.headers["Content-Disposition"]
        found.add(json.loads(got.data)["private_key"])
    assert len(found) == 3
