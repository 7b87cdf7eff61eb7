"""Replies: once each, acted on where they are ours, kept for whoever they are for."""

import json
from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.rooms.notify.conftest import DESKS, WHO, rows, write
from union.core import db
from union.core.actor import SYSTEM, VISITOR
from union.core.errors import Invalid, NotAllowed, NotFound
from union.notify import jobs, queries
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Keyword, Lane, Mailing
from union.notify.service import desk

NUMBER = "+31610000000"


def reply(body, *, provider_id="SM1", carrier=False, now=NOW, sender=NUMBER):
    with db.transaction() as session:
        return notify.receive(
            session, now=now, sender=sender, body=body, provider_id=provider_id, link="https://u.example",
            carrier=carrier,
        )  # fmt: skip


def answers():
    return [row for row in rows() if row.ref.startswith("reply:")]


def refused(lane):
    with db.reading() as session:
        return bool(notify.refusals(session, addresses=[NUMBER], channel=Channel.SMS, lane=lane))


def test_stop_stops_everything_by_sms_but_sign_in(database):
    found = reply("STOP")
    assert found.keyword is Keyword.STOP
    assert [refused(lane) for lane in Lane] == [False, True, True, True]
    [answer] = answers()
    assert (answer.lane, answer.language, answer.state) == ("login", "en", "created")


def test_the_carrier_confirms_its_own_words_and_we_the_others(database):
    reply("STOP", carrier=True)
    assert answers() == []
    reply("afmelden aub", provider_id="SM2", carrier=True)
    [answer] = answers()
    assert answer.language == "nl"


def test_start_lifts_it(database):
    reply("STOP")
    assert reply("START", provider_id="SM2").keyword is Keyword.START
    assert not refused(Lane.NEWS)


def test_yes_without_an_opt_out_is_for_a_person(database):
    assert reply("Yes").keyword is Keyword.OTHER
    with db.reading() as session:
        assert [one.body for one in queries.inbox(session)] == ["Yes"]
    assert answers() == []


def test_help_is_answered_in_the_language_we_last_wrote_in(database, hand):
    write(language="nl")
    jobs.deliver_due(DESKS, WHO, clock=hand)
    reply("HELP")
    [answer] = answers()
    assert answer.language == "nl"
    assert answer.member_id == "m0"
    assert json.loads(answer.sealed)["fields"] == {"link": "https://u.example"}


def test_the_same_reply_twice_counts_once(database):
    first = reply("out")
    assert reply("out") == first
    with db.transaction() as session:
        assert len(notify.waiting(session, keywords={Keyword.OUT})) == 1


def test_check_ins_wait_for_their_room(database, hand):
    write()
    jobs.deliver_due(DESKS, WHO, clock=hand)
    reply("I'm out")
    reply("hello there", provider_id="SM2")
    reply("UIT", provider_id="SM3", sender="+31699999999", now=NOW + timedelta(seconds=1))
    with db.transaction() as session:
        found = notify.waiting(session, keywords={Keyword.OUT, Keyword.PLEDGE})
        assert [(one.sender, one.member_id, one.keyword) for one in found] == [
            (NUMBER, "m0", Keyword.OUT), ("+31699999999", None, Keyword.OUT),
        ]  # fmt: skip
        notify.settle(session, now=NOW, inbound_id=found[0].id, note="checked in")
        notify.settle(session, now=NOW + timedelta(hours=1), inbound_id=found[0].id)
    with db.transaction() as session:
        assert len(notify.waiting(session, keywords={Keyword.OUT})) == 1
        with pytest.raises(NotFound):
            notify.settle(session, now=NOW, inbound_id=10**9)


def test_a_code_for_nobody_yet_does_not_hide_the_member(database):
    """A text without a member went to the same number later: the reply is still the member's."""
    write(ref="action:x", to=NUMBER)
    write(ref="challenge:y", to=NUMBER, kind="join", member_id="")
    assert reply("UIT").member_id == "m0"


def test_a_long_or_empty_reply(database):
    assert len(reply("x" * 5000).body) == 1600
    assert reply("", provider_id="SM2").keyword is Keyword.OTHER


def test_opt_outs_are_hashes_and_outlive_the_member(database):
    write()
    reply("STOP")
    with db.transaction() as session:
        notify.forget_member(session, now=NOW, member_id="m0")
    assert refused(Lane.NEWS)


def test_organizers_may_play_a_member_and_visitors_may_not(database):
    with db.transaction() as session:
        found = desk.play_reply(session, actor=SYSTEM, now=NOW, sender="+31 6 1000 0000", body="UIT", link="")
        assert (found.sender, found.keyword) == (NUMBER, Keyword.OUT)
        with pytest.raises(NotAllowed):
            desk.play_reply(session, actor=VISITOR, now=NOW, sender=NUMBER, body="UIT", link="")
        with pytest.raises(Invalid):
            desk.play_reply(session, actor=SYSTEM, now=NOW, sender="0612345678", body="UIT", link="")
        with pytest.raises(Invalid):
            desk.play_reply(session, actor=SYSTEM, now=NOW, sender=NUMBER, body="!!", link="")


def test_an_unsubscribe_token_says_its_list_and_cannot_be_made_up(database):
    hashed = notify.address_hash(Channel.EMAIL, "anna@example.org")
    token = notify.unsubscribe_token(hashed, Mailing.CAMPAIGNS)
    with db.transaction() as session:
        assert notify.unsubscribe(session, now=NOW, token=token) is Mailing.CAMPAIGNS
        notify.unsubscribe(session, now=NOW, token=token)
    with db.reading() as session:
        to = ["Anna@example.org"]
        assert notify.refusals(session, addresses=to, channel=Channel.EMAIL, lane=Lane.NEWS) == set(to)
        assert not notify.refusals(session, addresses=to, channel=Channel.EMAIL, lane=Lane.BALLOT)
        for k in range(len(token)):
            bad = token[:k] + ("A" if token[k] != "A" else "B") + token[k + 1 :]
            with pytest.raises(NotFound):
                notify.unsubscribe(session, now=NOW, token=bad)
        for bad in ("", "x", token[:-2], token + "AAAA", "é", "=" * 40):
            with pytest.raises(NotFound):
                notify.unsubscribe(session, now=NOW, token=bad)
