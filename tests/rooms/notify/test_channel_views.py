"""The second provider's webhooks, and the pages for routes, trial, devices, wording and replies."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.rooms.notify.conftest import DESKS, WHO, rows, states, write
from tests.rooms.notify.test_views import VIEWS
from union.audit import queries as audit
from union.core import db
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.notify import jobs, queries
from union.notify import service as notify
from union.notify.channels.sinch_sms import sign
from union.notify.queries import people
from union.notify.rules.kinds import Channel, Keyword, State
from union.notify.testing import push_server
from union.web.headers import policy

SECRET = "sinch-secret"
PEOPLE = {
    "organizer": Actor("o", "Olga", frozenset({Role.MEMBER, Role.ORGANIZER}), active=True),
    "officer": Actor("f", "Fat", frozenset({Role.MEMBER, Role.OFFICER}), active=True),
    "second officer": Actor("f2", "Els", frozenset({Role.MEMBER, Role.OFFICER}), active=True),
    "member": Actor("m0", "Mo", frozenset({Role.MEMBER}), active=True),
}


@pytest.fixture
def webhooks(app):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], sinch_webhook_secret=SECRET)


@pytest.fixture
def as_(monkeypatch):
    def become(who):
        for where in ("union.web.guards", "union.web.kit.guards", "union.web.i18n", *VIEWS):
            monkeypatch.setattr(f"{where}.current_actor", lambda: PEOPLE[who])

    return become


@pytest.fixture
def sent(database, hand):
    """Four texts that Sinch has taken."""
    write(4)
    with db.transaction() as session:
        from sqlalchemy import update

        from union.notify.models import Outbox

        session.execute(update(Outbox).values(state="accepted", provider="sinch", attempts=1))
    return rows()


def signed(body, secret=SECRET):
    return {
        "X-Sinch-Webhook-Signature": sign(secret, body, "n", "1"), "X-Sinch-Webhook-Signature-Nonce": "n",
        "X-Sinch-Webhook-Signature-Timestamp": "1", "X-Sinch-Webhook-Signature-Algorithm": "HmacSHA256",
    }  # fmt: skip


def post(client, path, told, **more):
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return client.post(
        path, data=body, content_type="application/json", headers=signed(body, **more)
    ).status_code


def receipt(client, key, status, code=0, **more):
    told = {"type": "recipient_delivery_report_sms", "batch_id": "B1", "recipient": "31610000000",
            "status": status, "code": code, "client_reference": key}  # fmt: skip
    return post(client, "/sinch/status", told, **more)


def test_reports_move_texts_on_in_any_order_and_any_number_of_times(client, webhooks, sent):
    keys = [f"{row.id}-1" for row in sent]
    assert receipt(client, keys[0], "Delivered") == 204
    assert receipt(client, keys[0], "Dispatched", 401) == 204
    assert receipt(client, keys[0], "Failed", 402) == 204
    assert receipt(client, keys[1], "Aborted", 402) == 204
    assert receipt(client, keys[1], "Delivered") == 204
    assert receipt(client, keys[2], "Expired", 406) == 204
    assert receipt(client, keys[3], "Queued", 400) == 204
    assert states() == ["delivered", "failed", "expired", "accepted"]
    assert rows()[1].error_code == "sinch 402"


def test_a_repeated_bad_report_does_not_undo_the_later_try(client, webhooks, sent):
    """A phone that was off is tried again; the first report comes once more while that waits, and while it is sent."""
    row = sent[0]

    def off(attempt, now):
        with db.transaction() as session:
            return notify.record_status(
                session, now=now, outbox_id=row.id, attempt=attempt, provider_id="B", state=State.FAILED,
                code="sinch 404",
            )  # fmt: skip

    assert off(1, NOW)
    assert rows()[0].state == "created"
    waits_until = rows()[0].not_before
    assert not off(1, NOW + timedelta(minutes=5))
    assert (rows()[0].state, rows()[0].not_before) == ("created", waits_until)
    with db.transaction() as session:
        from union.notify.delivery.claim import claim

        claim(session, provider="sinch", channel=Channel.SMS, now=waits_until, size=1, who="x")
    assert not off(1, NOW + timedelta(minutes=11))
    assert rows()[0].state == "sending"
    assert off(2, NOW + timedelta(minutes=12))
    assert rows()[0].state == "failed"


@pytest.mark.parametrize(
    "key", ["999999-1", "x-1", "1", "", "-1", "1-", "1-x", "9" * 40 + "-1", "1-99999999", "²-1", "1-0"]
)
def test_reports_about_nothing_of_ours_change_nothing(client, webhooks, sent, key):
    assert receipt(client, key, "Delivered") == 204
    assert states() == ["accepted"] * 4


def test_forged_and_broken_reports_are_refused(app, client, webhooks, sent):
    key = f"{sent[0].id}-1"
    assert receipt(client, key, "Delivered", secret="other") == 403
    assert client.post("/sinch/status", json={"status": "Delivered"}).status_code == 403
    assert client.get("/sinch/status").status_code == 405
    assert post(client, "/sinch/status", b"not json") == 422
    assert post(client, "/sinch/status", b"[1]") == 422
    assert post(client, "/sinch/status", {"type": "delivery_report_sms", "client_reference": key}) == 204
    assert post(client, "/sinch/status", {"client_reference": {"a": 1}, "status": None}) == 204
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], sinch_webhook_secret="")
    assert receipt(client, key, "Delivered", secret="") == 403
    assert states() == ["accepted"] * 4


def test_a_reply_by_the_second_provider(client, webhooks, database):
    told = {"type": "mo_text", "id": "I1", "from": "31610000000", "to": "3197", "body": "I'm out"}
    for _ in range(2):
        assert post(client, "/sinch/inbound", told) == 204
    assert post(client, "/sinch/inbound", {**told, "id": "I2", "body": "STOP"}) == 204
    assert post(client, "/sinch/inbound", {**told, "id": "I3"}, secret="other") == 403
    assert post(client, "/sinch/inbound", {**told, "id": "", "body": "STOP"}) == 204
    assert post(client, "/sinch/inbound", {**told, "id": "I4", "from": "<script>"}) == 204
    with db.transaction() as session:
        [found] = notify.waiting(session, keywords={Keyword.OUT})
        assert notify.refusals(session, addresses=["+31610000000"], channel=Channel.SMS, lane="news")
    assert found.sender == "+31610000000"
    assert [row.kind for row in rows()] == ["stop"], "Sinch does not answer STOP, so we do"


def test_routes_are_drawn_and_set(app, client, database, as_):
    as_("organizer")
    none = client.get("/deliveries/routes").text
    assert "texts stay at the message desk" in none
    assert "wo providers" not in none
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], twilio_account_sid="AC1", twilio_auth_token="t")
    alone = client.get("/deliveries/routes").text
    assert "All texts leave by Twilio." in alone
    assert "nothing to share out" in alone
    assert "wo providers" not in alone
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], twilio_account_sid="AC1", twilio_auth_token="t", sinch_service_plan_id="p",
        sinch_api_token="t",
    )  # fmt: skip
    page = client.get("/deliveries/routes").text
    assert "of a hundred by Twilio" in page
    wrong = client.post("/deliveries/routes", data={"provider": "twilio", "weight": "101"})
    assert wrong.status_code == 422
    assert 'value="101"' in wrong.text
    assert client.post("/deliveries/routes", data={"provider": "pigeon", "weight": "5"}).status_code == 422
    assert client.post("/deliveries/routes", data={"provider": "twilio", "weight": "70"}).status_code == 303
    page = client.get("/deliveries/routes").text
    assert "held by hand" in page
    assert "<svg" in page
    assert client.post("/deliveries/routes/release").status_code == 303
    assert "held by hand" not in client.get("/deliveries/routes").text
    as_("member")
    assert client.post("/deliveries/routes", data={"provider": "twilio", "weight": "1"}).status_code == 403


def test_the_trial_is_shown_and_lifted_by_an_officer(client, database, as_):
    with db.transaction() as session:
        notify.begin_trial(session, now=NOW)
    as_("organizer")
    assert "This union is on trial" in client.get("/deliveries").text
    assert "Lift the trial" not in client.get("/deliveries/trial").text
    assert client.post("/deliveries/trial/lift", data={"sure": "y"}).status_code == 403
    as_("officer")
    assert "+1555530003" in client.get("/deliveries/trial").text
    wrong = client.post("/deliveries/trial/numbers", data={"number": "06 12"})
    assert wrong.status_code == 422
    assert 'value="06 12"' in wrong.text
    assert client.post("/deliveries/trial/numbers", data={"number": "+31612345678"}).status_code == 303
    assert "+31612345678" in client.get("/deliveries/trial").text
    with db.reading() as session:
        [(key, _)] = queries.trial_page(session).numbers
    assert client.post(f"/deliveries/trial/numbers/{key}/remove").status_code == 303
    assert client.post("/deliveries/trial/lift", data={}).status_code == 422
    assert client.post("/deliveries/trial/lift", data={"sure": "y"}).status_code == 303
    signed = client.get("/deliveries/trial").text
    assert "You signed. Another officer has to confirm it." in signed
    assert "Confirm: lift the trial" not in signed
    assert client.post("/deliveries/trial/lift", data={"sure": "y"}).status_code == 422
    assert client.post("/deliveries/trial/keep").status_code == 303
    assert "Sign to lift the trial" in client.get("/deliveries/trial").text
    assert client.post("/deliveries/trial/lift", data={"sure": "y"}).status_code == 303
    as_("second officer")
    assert "Confirm: lift the trial" in client.get("/deliveries/trial").text
    assert client.post("/deliveries/trial/lift", data={"sure": "y"}).status_code == 303
    assert "The trial was lifted" in client.get("/deliveries/trial").text
    assert "on trial" not in client.get("/deliveries").text


def subscription():
    server = push_server.PushServer("")
    made = server.subscribe()[1]
    return {"endpoint": "https://fcm.googleapis.com/fcm/send/x", "p256dh": made.p256dh, "auth": made.auth}


def test_a_member_s_devices_and_choice(client, database, as_):
    as_("member")
    page = client.get("/account/messages")
    assert page.headers["Content-Security-Policy"] == policy(trusted_types="union-worker")
    assert 'data-push-key="B' in page.text
    good = subscription()
    assert client.post("/account/messages/devices", data=good).status_code == 303
    inside = {**good, "endpoint": "https://169.254.169.254/latest"}
    assert client.post("/account/messages/devices", data=inside).status_code == 422
    assert client.post("/account/messages/devices", data={**good, "auth": "x"}).status_code == 422
    assert client.post("/account/messages/devices", data={}).status_code == 422
    with db.reading() as session:
        [device] = queries.own_messages(session, actor=PEOPLE["member"]).devices
    assert client.post(f"/account/messages/devices/{device.id}/test").status_code == 303
    assert [row.channel for row in rows()] == ["push"]
    assert client.post("/account/messages/devices/nonsense/test").status_code == 404
    assert client.post("/account/messages/shown", data={"named": "1"}).status_code == 303
    assert "Tell nothing at a glance" in client.get("/account/messages").text
    fresh = {**subscription(), "endpoint": "https://fcm.googleapis.com/fcm/send/y"}
    assert client.post("/push/renew", data={**fresh, "old": good["endpoint"]}).status_code == 204
    assert client.post("/push/renew", data={**fresh, "old": good["endpoint"]}).status_code == 404
    assert client.post(f"/account/messages/devices/{device.id}/remove").status_code == 303
    assert "No device shows notifications yet." in client.get("/account/messages").text


def test_the_worker_is_served_at_the_top_and_always_fresh(client):
    answer = client.get("/sw.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Security-Policy"] == policy()
    assert "caches" not in answer.text.replace("caches nothing", "")


def test_without_a_key_there_are_no_notifications(app, client, database, as_):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], environment="production")
    as_("member")
    assert "Notifications are not set up here." in client.get("/account/messages").text
    assert client.post("/account/messages/devices", data=subscription()).status_code == 422


WORDS = "/texts/actions/briefing/en/sms"


def test_wording_previews_and_saves_and_loses_nothing(app, client, database, as_):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], sms_price="0.0790 EUR")
    as_("organizer")
    assert "actions/briefing" in client.get("/texts").text
    assert "<h2>Action: what happens when</h2>" in client.get("/texts").text
    assert client.get(WORDS).status_code == 200
    seen = client.post(WORDS, data={"body": "From ((start)): ((link))", "recipients": "2000", "whose": "me"})
    assert seen.status_code == 200
    assert "€158.00" in seen.text
    assert "1 (GSM-7)" in seen.text
    write(
        1,
        first=7,
        template="actions/briefing",
        fields={"start": "Tue 18:00", "link": "https://u.example/7"},
    )
    chosen = {"body": "From ((start)): ((link))", "whose": "address", "address": "+31 6 10000007"}
    assert "From Tue 18:00: https://u.example/7" in client.post(WORDS, data=chosen).text
    with db.reading() as session:
        [entry] = [one for one in audit.newest(session, limit=9) if one.act == "notify.preview_member"]
        assert (entry.actor_id, entry.subject) == ("o", "member/m7")
    nobody = client.post(WORDS, data={**chosen, "address": "x@example.org"})
    assert nobody.status_code == 422
    assert "No message was written to this address" in nobody.text
    assert 'value="x@example.org"' in nobody.text
    wrong = client.post(WORDS, data={"body": "From ((begin)): ((link)) <b>"})
    assert wrong.status_code == 422
    assert "From ((begin)): ((link)) &lt;b&gt;" in wrong.text
    assert "Nothing fills ((begin))" in wrong.text
    assert client.post(f"{WORDS}/save", data={"body": "No link"}).status_code == 422
    assert client.post(f"{WORDS}/save", data={"body": "From ((start)): ((link))"}).status_code == 303
    assert "version 1" in client.get(WORDS).text
    assert client.post(f"{WORDS}/save", data={"body": "From ((start)): ((link))"}).status_code == 422
    assert client.post(f"{WORDS}/back").status_code == 303
    mail = "/texts/actions/briefing/nl/email"
    bad = client.post(f"{mail}/save", data={"subject": "a\r\nBcc: x@y.org", "body": "((start)) ((link))"})
    assert bad.status_code == 422
    assert client.get("/texts/members/sign-in/en/sms").status_code == 404
    assert client.get("/texts/actions/briefing/en/push").status_code == 404
    assert client.get("/texts/actions/briefing/xx/sms").status_code == 404
    as_("officer")
    assert client.get("/texts").status_code == 403


@pytest.fixture
def reply(database, hand):
    """One reply to a text, waiting for a person."""
    write(1, now=utcnow(), language="nl")
    jobs.deliver_due(DESKS, WHO, clock=utcnow)
    with db.transaction() as session:
        return notify.receive(
            session, now=utcnow(), sender="+31610000000", body="Hoe laat?", provider_id="S1"
        ).id


def test_a_reply_is_handed_over_answered_and_done(client, database, as_, reply, monkeypatch):
    monkeypatch.setattr(people, "PEOPLE", [lambda _session: {"o": "Olga", "p": "Piet"}])
    as_("organizer")
    at = f"/deliveries/replies/{reply}"
    assert "Hoe laat?" in client.get(at).text
    assert client.post(f"{at}/assign", data={"organizer": "p"}).status_code == 303
    assert "With Piet" in client.get("/deliveries").text
    assert client.post(f"{at}/assign", data={"organizer": "stranger"}).status_code == 303
    assert "With " not in client.get("/deliveries").text
    assert client.post(f"{at}/answer", data={"text": ""}).status_code == 422
    long = client.post(f"{at}/answer", data={"text": "x" * 460})
    assert long.status_code == 422
    assert "x" * 460 in long.text
    assert client.post(f"{at}/answer", data={"text": "a\x1b[2J"}).status_code == 422
    assert client.post(f"{at}/answer", data={"text": "Om 18:00, ((start))"}).status_code == 303
    [answer] = rows(kind="answer")
    assert (answer.language, answer.ref, answer.member_id) == ("nl", f"reply:{reply}", "m0")
    assert "Om 18:00, ((start))" in answer.sealed
    assert "No replies wait." in client.get("/deliveries").text
    assert "Answered by text." in client.get(at).text
    assert client.post(f"{at}/answer", data={"text": "again"}).status_code == 422
    assert len(rows(kind="answer")) == 1
    assert client.get("/deliveries/replies/999").status_code == 404


def test_who_stopped_gets_no_answer(client, database, as_, reply):
    as_("organizer")
    with db.transaction() as session:
        notify.receive(session, now=utcnow(), sender="+31610000000", body="STOP PLEASE", provider_id="S2")
    answer = client.post(f"/deliveries/replies/{reply}/answer", data={"text": "But wait"})
    assert answer.status_code == 422
    assert "wants no texts" in answer.text
    assert not rows(kind="answer")
