"""Webhooks believed by signature only, one click to unsubscribe, and the organizers' pages."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.conftest import NOW
from tests.rooms.notify.conftest import DESKS, WHO, rows, sms_route, states, write
from union.core import db
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.notify import jobs, queries
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Keyword, Lane, Mailing, State
from union.notify.testing.twilio_server import sign

TOKEN = "secret-token"
PUBLIC = "https://union.example"
VIEWS = [
    f"union.notify.views.{name}"
    for name in ("desk", "deliveries", "replies", "routes", "trial", "own", "wording")
]
ORGANIZER = Actor("o", "Olga", frozenset({Role.MEMBER, Role.ORGANIZER}), active=True)


@pytest.fixture
def webhooks(app):
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], public_url=PUBLIC, twilio_auth_token=TOKEN, twilio_account_sid="AC" + "0" * 32
    )


@pytest.fixture
def organizer(monkeypatch):
    """Somebody with the role, without going through the registry."""
    for where in ("union.web.guards", "union.web.kit.guards", "union.web.i18n", *VIEWS):
        monkeypatch.setattr(f"{where}.current_actor", lambda: ORGANIZER)


@pytest.fixture
def sent(database, hand, twilio):
    """Five texts that a provider has taken."""
    write(5)
    route = sms_route(twilio)
    jobs.deliver_due((route,), WHO, clock=hand)
    route.close()
    return rows()


def receipt(client, row, status, *, attempt=1, token=TOKEN, url=None, path=None, **more):
    path = path or f"/twilio/status/{row.id}-{attempt}"
    form = {"MessageSid": row.provider_id or "SM" + "1" * 32, "MessageStatus": status, **more}
    signature = sign(token, url or PUBLIC + path, form)
    return client.post(path, data=form, headers={"X-Twilio-Signature": signature}).status_code


def state(row):
    return next(found.state for found in rows() if found.id == row.id)


def test_receipts_move_messages_on(client, webhooks, sent):
    assert receipt(client, sent[0], "delivered") == 204
    assert receipt(client, sent[1], "undelivered", ErrorCode="30005") == 204
    assert receipt(client, sent[2], "undelivered", ErrorCode="30036") == 204
    assert receipt(client, sent[3], "sent") == 204
    assert states() == ["delivered", "failed", "expired", "accepted", "accepted"]


def test_receipts_out_of_order_and_again(client, webhooks, sent):
    for status in ("delivered", "sent", "queued", "delivered", "undelivered", "something-new"):
        assert receipt(client, sent[0], status) == 204
    assert state(sent[0]) == "delivered"


def test_a_receipt_settles_a_message_in_doubt(client, webhooks, database, hand, twilio):
    from union.notify.testing.faults import Fault

    write()
    twilio.faults.per_mille = {Fault.ACCEPT_THEN_503: 1000}
    route = sms_route(twilio)
    jobs.deliver_due((route,), WHO, clock=hand)
    route.close()
    assert states() == ["unknown"]
    [row] = rows()
    sid = next(iter(twilio.records))
    assert receipt(client, row, "sent", MessageSid=sid) == 204
    [row] = rows()
    assert (row.state, row.provider_id) == ("accepted", sid)


@pytest.mark.parametrize(
    "forged",
    [{"token": "other"}, {"url": "http://union.example/twilio/status/1-1"}, {"url": PUBLIC + "/twilio/status/999-1"},
     {"url": "https://evil.example/twilio/status/1-1"}, {"token": ""}],
)  # fmt: skip
def test_forged_receipts_are_refused(client, webhooks, sent, forged):
    assert receipt(client, sent[0], "delivered", **forged) == 403
    assert state(sent[0]) == "accepted"


def test_an_unsigned_receipt_is_refused(client, webhooks, sent):
    path = f"/twilio/status/{sent[0].id}-1"
    assert client.post(path, data={"MessageStatus": "delivered"}).status_code == 403
    assert client.get(path).status_code == 405


def test_without_a_token_no_receipt_is_believed(client, sent):
    assert (
        receipt(client, sent[0], "delivered", token="", url=f"http://localhost/twilio/status/{sent[0].id}-1")
        == 403
    )


def test_receipts_for_what_we_do_not_know_change_nothing(client, webhooks, sent):
    assert receipt(client, sent[0], "delivered", path="/twilio/status/999999-1") == 204
    assert receipt(client, sent[0], "delivered", path=f"/twilio/status/{sent[0].id}-7") == 204
    assert receipt(client, sent[0], "delivered", path=f"/twilio/status/{sent[0].id}-0") == 204
    assert states() == ["accepted"] * 5


def test_a_replayed_receipt_of_another_message_does_not_fit(client, webhooks, sent):
    path = f"/twilio/status/{sent[0].id}-1"
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signature = sign(TOKEN, PUBLIC + path, form)
    other = f"/twilio/status/{sent[1].id}-1"
    assert client.post(other, data=form, headers={"X-Twilio-Signature": signature}).status_code == 403


def test_a_phone_that_was_off_gets_one_later_try(database, hand, twilio, sent):
    def off(row, attempt, now):
        with db.transaction() as session:
            return notify.record_status(
                session, now=now, outbox_id=row.id, attempt=attempt, provider_id="SM", state=State.FAILED, code="30003"
            )  # fmt: skip

    assert off(sent[0], 1, NOW)
    assert state(sent[0]) == "created"
    assert off(sent[1], 1, NOW + timedelta(hours=5, minutes=55))
    assert state(sent[1]) == "failed", "ten minutes later it would be useless"
    hand.turn(minutes=11)
    route = sms_route(twilio)
    assert jobs.deliver_due((route,), WHO, clock=hand).accepted == 1
    route.close()
    assert off(sent[0], 2, hand())
    assert state(sent[0]) == "failed", "once more, not for ever"


def test_a_reply_from_the_carrier(client, webhooks, database):
    form = {"From": "+31610000000", "Body": "I'm out", "MessageSid": "SM9"}
    signature = sign(TOKEN, f"{PUBLIC}/twilio/inbound", form)
    for _ in range(2):
        answer = client.post("/twilio/inbound", data=form, headers={"X-Twilio-Signature": signature})
        assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/xml", "<Response/>")
    with db.transaction() as session:
        [found] = notify.waiting(session, keywords={Keyword.OUT})
    assert found.sender == "+31610000000"
    forged = client.post(
        "/twilio/inbound", data={**form, "Body": "STOP"}, headers={"X-Twilio-Signature": signature}
    )
    assert forged.status_code == 403


def unsubscribed(lane):
    with db.reading() as session:
        return bool(notify.refusals(session, addresses=["m0@example.org"], channel=Channel.EMAIL, lane=lane))


def test_one_click_unsubscribes_without_a_cookie_and_a_get_does_not(app, client, database):
    app.config["WTF_CSRF_ENABLED"] = True
    token = notify.unsubscribe_token(notify.address_hash(Channel.EMAIL, "m0@example.org"), Mailing.CAMPAIGNS)
    shown = client.get(f"/u/{token}")
    assert shown.status_code == 200
    assert FlaskClient(app, app.response_class).head(f"/u/{token}").status_code == 200
    assert not unsubscribed(Lane.NEWS)
    fresh = app.test_client(use_cookies=False)
    for _ in range(2):
        done = fresh.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    assert unsubscribed(Lane.NEWS)
    assert not unsubscribed(Lane.BALLOT)
    assert fresh.post(f"/u/{token}", data={"everything": "1"}).status_code == 200
    assert unsubscribed(Lane.BALLOT)
    assert fresh.post(f"/u/{token}/back").status_code == 200
    assert not unsubscribed(Lane.NEWS)
    assert client.get("/u/nonsense").status_code == 404
    assert client.post("/u/nonsense").status_code == 404


def test_the_desk_shows_what_lies_there_and_a_link_can_be_followed(client, database, hand, organizer):
    assert "No messages here." in client.get("/desk").text
    write(60, channel=Channel.EMAIL, fields={"when": "at http://localhost/sign-in/abc <b>now</b>"})
    jobs.deliver_due(DESKS, WHO, clock=hand)
    first = client.get("/desk").text
    assert "60 messages" in first
    assert "m59@example.org" in first
    assert "m0@example.org" in client.get("/desk?page=2&state=delivered&channel=email").text
    assert "No messages here." in client.get("/desk?state=failed").text
    assert client.get("/desk?page=x&state=nonsense&ref=%00").status_code == 200
    page = client.get(f"/desk/{rows()[0].id}").text
    assert '<a href="http://localhost/sign-in/abc"' in page
    assert "<b>now" not in page
    assert client.get("/desk/999999").status_code == 404


def test_what_went_to_a_phone_is_not_shown(client, sent, organizer):
    page = client.get(f"/desk/{sent[0].id}").text
    assert "The text cannot be read here" in page
    assert "+31610000000" not in page
    assert "+3161" not in client.get("/desk").text


def test_a_sign_in_text_is_read_by_organizers_on_a_development_machine_only(
    app, client, database, hand, organizer
):
    write(secret=True, fields={"when": "code-123456"})
    jobs.deliver_due(DESKS, WHO, clock=hand)
    path = f"/desk/{rows()[0].id}"
    assert "code-123456" in client.get(path).text
    assert "code-123456" in client.get("/desk").text
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], environment="production")
    assert "code-123456" not in client.get(path).text
    assert "code-123456" not in client.get("/desk").text
    assert "+31610000000" not in client.get("/desk").text


def test_playing_a_reply(app, client, database, organizer):
    answer = client.post("/desk/reply", data={"sender": "+31610000000", "body": "UIT"})
    assert answer.status_code == 303
    with db.transaction() as session:
        assert len(notify.waiting(session, keywords={Keyword.OUT})) == 1
    client.post("/desk/reply", data={"sender": "+31610000009", "body": "STOP"})
    assert "Taken in as a reply: no more texts are wanted." in client.get("/desk").text
    wrong = client.post("/desk/reply", data={"sender": "06", "body": "UIT"})
    assert wrong.status_code == 422
    assert 'value="06"' in wrong.text
    assert "country code" in wrong.text
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], twilio_account_sid="AC" + "0" * 32)
    assert client.post("/desk/reply", data={"sender": "+31610000000", "body": "UIT"}).status_code == 409


def test_deliveries_and_holding(client, database, organizer):
    now = datetime.now(NOW.tzinfo)
    assert "Nothing was sent" in client.get("/deliveries").text
    write(3, now=now)
    with db.transaction() as session:
        notify.receive(
            session, now=now, sender="+31610000001", body="When is the meeting?", provider_id="SM1"
        )
        notify.beat(session, now=now, process="scheduler")
    page = client.get("/deliveries").text
    assert "action:x" in page
    assert "ms off" not in page
    with db.transaction() as session:
        notify.beat(session, now=now, process="scheduler", offset=timedelta(milliseconds=-400))
    assert "its clock is 400 ms off" in client.get("/deliveries").text
    assert "When is the meeting?" in page
    with db.transaction() as session:
        notify.beat(session, now=now + timedelta(minutes=5), process="scheduler")
    page = client.get("/deliveries").text
    assert "the clock is off" in page
    assert ">awake<" not in page.replace("</svg>", ">")
    assert client.post("/deliveries/hold", data={"ref": "action:x"}).status_code == 303
    assert "These messages are held" in client.get("/deliveries/about?ref=action:x").text
    assert "live.mjs" in client.get("/deliveries/about?ref=action:x").text, "its numbers are kept fresh"
    assert client.post("/deliveries/release", data={"ref": "action:x"}).status_code == 303
    assert "These messages are held" not in client.get("/deliveries/about?ref=action:x").text
    with db.reading() as session:
        [reply] = queries.inbox(session)
    assert client.post(f"/deliveries/replies/{reply.id}").status_code == 303
    assert "No replies wait." in client.get("/deliveries").text
    assert client.get("/deliveries/about?ref=nothing").status_code == 200


def test_progress_is_live_with_rate_and_estimate(client, database, organizer):
    now = datetime.now(NOW.tzinfo)
    write(1300, now=now, channel=Channel.SMS)
    write(2, now=now, kind="end", not_before=now + timedelta(hours=3))
    jobs.deliver_due(DESKS, WHO, clock=utcnow)
    told = client.get("/deliveries/about.json?ref=action:x").json
    assert (told["gone"], told["created"], told["per_minute"]) == ("1,300", "2", "1,300")
    assert told["state-delivered"] == "1,300"
    page = client.get("/deliveries/about?ref=action:x").text
    assert told["done"] in page
    assert client.get("/deliveries/about.json?ref=else").json["done"] == "nothing waits"
    assert 'data-live-url="/deliveries/about.json?ref=action:x"' in page
    with db.transaction() as session:
        notify.pause(session, now=now, ref="action:x")
    assert client.get("/deliveries/about.json?ref=action:x").json["done"] == "nothing moves just now"


@pytest.mark.parametrize(
    "path", ["/desk", "/desk/1", "/deliveries", "/deliveries/about?ref=x", "/deliveries/about.json"]
)
def test_visitors_are_sent_to_sign_in(client, database, path):
    assert client.get(path).status_code in {303, 403}


@pytest.mark.parametrize(
    "path", ["/desk/reply", "/deliveries/hold", "/deliveries/release", "/deliveries/replies/1"]
)
def test_visitors_change_nothing(client, database, path):
    assert client.post(path).status_code == 403


def test_in_dutch(client, database, organizer):
    assert "Berichten" in client.get("/desk?lang=nl").text
    assert "Bezorging" in client.get("/deliveries").text
