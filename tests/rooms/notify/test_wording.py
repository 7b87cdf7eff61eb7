"""Organizers' own wording: versions, refusals that say what to do, a preview that counts exactly."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.conftest import NOW
from tests.rooms.notify.conftest import rows, write
from union.core import db
from union.core.actor import Actor, Role
from union.core.errors import Conflict, Invalid, NotAllowed, NotFound
from union.core.i18n import translate
from union.notify import queries, texts
from union.notify.models import Wording
from union.notify.rules import wording as wording_rules
from union.notify.rules.kinds import Channel
from union.notify.rules.segments import Encoding
from union.notify.service import wording
from union.notify.titles import TITLES

ORGANIZER = Actor("m0", "Olga", frozenset({Role.MEMBER, Role.ORGANIZER}), active=True, zone="Asia/Kolkata")
OFFICER = Actor("o", "Of", frozenset({Role.MEMBER, Role.OFFICER}), active=True)
FIELDS = {"title": "Fair pay", "start": "Tue 1 Dec 18:00", "official": "x", "end": "y",
          "link": "https://union.example/actions/x", "reason": "z"}  # fmt: skip


def base(name="actions/briefing", language="en", channel=Channel.SMS):
    return wording.built_in(name, language, channel)


def save(body, *, subject="", actor=ORGANIZER, of=None):
    with db.transaction() as session:
        return wording.save_text(
            session, actor=actor, now=NOW, base=of or base(), words=wording.Words(subject, body)
        )


def fan_out(ref, **facts):
    write(1, ref=ref, template="actions/briefing", fields=FIELDS, **facts)
    [row] = rows(ref=ref, channel=facts.get("channel", Channel.SMS).value)
    with db.reading() as session:
        return session.get_one(Wording, row.wording_id).body


def test_own_words_are_used_from_then_on_and_old_rows_keep_theirs(database):
    built_in = fan_out("before")
    assert save("At ((start)) we go: ((link))") == 1
    assert fan_out("after") == "At ((start)) we go: ((link))"
    assert save("From ((start)): ((link))") == 2
    assert fan_out("later") == "From ((start)): ((link))"
    with db.transaction() as session:
        wording.withdraw_text(session, actor=ORGANIZER, now=NOW, base=base())
    assert fan_out("back") == built_in
    with db.reading() as session:
        page = queries.text_page(session, base())
    assert [(one.version, one.withdrawn) for one in page.versions] == [(3, True), (2, False), (1, False)]
    assert not page.own


def test_each_language_and_channel_has_its_own(database):
    save("At ((start)): ((link))")
    assert fan_out("nl", language="nl") == texts.find("actions/briefing", "nl", Channel.SMS).body
    assert "((title))" in fan_out("mail", channel=Channel.EMAIL)


def test_own_words_that_a_room_cannot_fill_give_way_to_the_built_in(database):
    """The fields of a template are those of any channel; what a room does not give must not stop a call."""
    save("At ((start)), ((title)): ((link))")
    fields = {name: FIELDS[name] for name in ("start", "link")}
    write(1, ref="less", template="actions/briefing", fields=fields)
    with db.reading() as session:
        [row] = rows(ref="less")
        assert session.get_one(Wording, row.wording_id).body == base().body


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ("At ((begin)): ((link)) ((start))", "body", "((begin))"),
        ("At ((start)): ((link)) ((__class__))", "body", "((__class__))"),
        ("((start)) ((link)) {{ 7*7 }} ((Title))", "body", "((Title))"),
        ("((start)) only", "body", "((link))"),
        ("((link)) only", "body", "((start))"),
        ("", "body", "Write"),
        ("  \n ", "body", "Write"),
        ("((start)) ((link)) \x00", "body", "control"),
        ("((start)) ((link)) \x1b[2J", "body", "control"),
        ("((start)) ((link)) \u202eevil", "body", "control"),
        ("((start)) ((link)) " + "x" * 1600, "body", "1,6"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(database, body, field, says):
    with pytest.raises(Invalid) as refusal:
        save(body)
    assert refusal.value.field == field
    assert says.replace("1,6", "1600") in str(refusal.value)
    with db.reading() as session:
        assert queries.text_page(session, base()).versions == ()


def test_an_unknown_field_is_told_with_those_there_are(database):
    with pytest.raises(Invalid) as refusal:
        save("((begin)) ((start)) ((link))")
    for known in ("((start))", "((link))", "((title))", "((end))"):
        assert known in str(refusal.value)


@pytest.mark.parametrize(
    "subject",
    ["Hi\r\nBcc: all@example.org", "Hi\nX", "a\x00b", "\u2028", "x" * 151, "", "((nobody))"],
)
def test_a_subject_starts_no_header(database, subject):
    mail = base(channel=Channel.EMAIL)
    with pytest.raises(Invalid) as refusal:
        save("((start)) ((link))", subject=subject, of=mail)
    assert refusal.value.field == "subject"


def test_a_text_has_no_subject(database):
    with pytest.raises(Invalid):
        save("((start)) ((link))", subject="Hello")


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("members/sign-in", Channel.SMS),
        ("ballots/credential", Channel.EMAIL),
        ("notify/stopped", Channel.SMS),
        ("actions/nothing", Channel.SMS),
        ("../../etc/passwd", Channel.SMS),
    ],
)
def test_codes_and_answers_keep_their_words(name, channel):
    with pytest.raises(NotFound):
        wording.built_in(name, "en", channel)


def test_only_organizers_word_and_the_same_words_are_no_version(database):
    with pytest.raises(NotAllowed):
        save("((start)) ((link))", actor=OFFICER)
    save("((start)) ((link))")
    with pytest.raises(Conflict):
        save("((start)) ((link))\r\n")
    with db.transaction() as session:
        wording.withdraw_text(session, actor=ORGANIZER, now=NOW, base=base())
        with pytest.raises(Conflict):
            wording.withdraw_text(session, actor=ORGANIZER, now=NOW, base=base())


def preview(body, **facts):
    told = {"member_id": "m0", "zone": "Asia/Kolkata", "union_name": "Vakbond", "now": NOW, "recipients": 100_000,
            "price": Decimal("0.0790")}  # fmt: skip
    with db.reading() as session:
        text = wording.checked(base(), wording.Words("", body))
        return queries.preview(session, text, **{**told, **facts})


def test_a_preview_has_a_member_s_real_values(database):
    fan_out("x")
    found = preview("It begins ((start)): ((link))")
    assert found.real
    assert found.body == "It begins Tue 1 Dec 18:00: https://union.example/actions/x"
    assert not preview("((start)) ((link))", member_id="m9").real
    assert preview("((start)) ((link))", member_id=None).real


def test_without_any_the_examples_are_in_the_member_s_own_time(database):
    found = preview("It begins ((start)): ((link))")
    assert not found.real
    assert "Kolkata" in found.body
    assert "17:30" in found.body, "12:00 UTC"


def test_segments_cost_and_drain_are_exact(database):
    fan_out("x")
    short = preview("((start)) ((link))")
    assert (short.segments.encoding, short.segments.segments) == (Encoding.GSM7, 1)
    assert short.cost == Decimal("7900.00")
    drains = {one.route: one for one in short.drains}
    assert drains["10dlc-225"].seconds == pytest.approx(100_000 / 225 + 32, abs=1)
    assert drains["toll-free"].fits
    dear = preview("((start)) ((link)) 😀" + "x" * 30)
    assert (dear.segments.encoding, dear.segments.segments) == (Encoding.UCS2, 2)
    assert dear.cost == Decimal("15800.00")
    assert not {one.route: one for one in dear.drains}["toll-free"].fits
    assert preview("((start)) ((link))", price=None).cost is None


def test_a_secret_s_values_are_never_shown(database):
    write(1, ref="secret", template="actions/briefing", fields={**FIELDS, "start": "SECRET"}, secret=True)
    assert "SECRET" not in preview("((start)) ((link))", member_id=None).body


def test_values_that_were_wiped_are_examples_again(database):
    from union.notify import delivery

    fan_out("x", expires_at=NOW + timedelta(hours=1))
    with db.transaction() as session:
        delivery.expire(session, now=NOW + timedelta(hours=2))
    assert not preview("((start)) ((link))").real


def test_the_list_says_what_is_in_use(database):
    save("((start)) ((link))")
    with db.reading() as session:
        listed = queries.texts_listed(session)
    line = next(
        one for one in listed if (one.name, one.language, one.channel) == ("actions/briefing", "en", "sms")
    )
    assert (line.version, line.first_words) == (1, "((start)) ((link))")
    assert not any(one.name.startswith(("members/", "notify/")) for one in listed)


def test_every_text_has_a_title_in_both_languages_and_no_title_is_left_over():
    named = {name for channel in (Channel.SMS, Channel.EMAIL) for name, _ in texts.every(channel)}
    assert {name for name in named if wording_rules.editable(name)} == set(TITLES)
    dutch = [translate("nl", title) for title in TITLES.values()]
    assert len(set(TITLES.values())) == len(set(dutch)) == len(TITLES)
    assert not set(TITLES.values()) & set(dutch)
