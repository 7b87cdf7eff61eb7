"""Links and codes: once, soon, few tries, and nobody learns who is a member."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories.members import letters, make_member, token_of
from union.core import db
from union.core.errors import Closed, Invalid, NotFound, TooMany
from union.members import queries, service
from union.members.models import Challenge
from union.members.service.challenges import wipe_challenges
from union.members.service.limits import wipe_attempts

SITE = "https://union.example"


def ask(session, now, contact="anna@example.org", device="1.2.3.4", **more):
    return service.request_sign_in(session, contact=contact, device=device, now=now, site=SITE, **more)


def by_code(session, challenge, code, now, device="1.2.3.4"):
    return service.sign_in_by_code(
        session, challenge_id=challenge, code=code, device=device, now=now, label="test"
    )


def test_a_link_signs_in_once(session, now):
    member = make_member(session, email="Anna@example.org")
    ask(session, now, "ANNA@example.org", onward="/campaigns/x")
    letter = letters(session)[0]
    assert (letter["to"], letter["secret"]) == ("Anna@example.org", True)
    done = service.sign_in_by_link(session, token=token_of(letter), now=now, label="test")
    assert (done.member_id, done.onward) == (member, "/campaigns/x")
    assert queries.signed_in(session, done.token, now=now).device.member_id == member
    with pytest.raises(Closed):
        service.sign_in_by_link(session, token=token_of(letter), now=now, label="test")


def test_it_is_sent_where_the_register_says_not_where_was_typed(session, now):
    """Two spellings with one key may be two mailboxes: the typed one may be a thief's."""
    make_member(session, email="anna@example.org")
    ask(session, now, "ANNA@example.org")
    assert [letter["to"] for letter in letters(session)] == ["anna@example.org"]


def test_a_letter_that_folds_into_another_opens_nothing(session, now):
    """ß folds into ss, and might be somebody else's mailbox."""
    make_member(session, email="strasse@example.org")
    with pytest.raises(Invalid):
        ask(session, now, "straße@example.org")
    assert letters(session) == []


def test_a_code_signs_in_once_and_uses_the_link_up(session, now):
    member = make_member(session, email=False, phone="+31612345678")
    challenge = ask(session, now, "06 12345678")
    letter = letters(session)[0]
    assert letter["channel"] == "sms"
    code = letter["fields"]["code"]
    assert by_code(session, challenge, f"{code[:3]} {code[3:]}", now).member_id == member
    assert by_code(session, challenge, code, now) is None
    with pytest.raises(Closed):
        service.sign_in_by_link(session, token=token_of(letter), now=now, label="test")


def test_ten_minutes(session, now):
    make_member(session, email="anna@example.org")
    challenge = ask(session, now)
    letter = letters(session)[0]
    late = now + timedelta(minutes=10)
    assert by_code(session, challenge, letter["fields"]["code"], late) is None
    with pytest.raises(Closed):
        service.sign_in_by_link(session, token=token_of(letter), now=late, label="test")
    soon = late - timedelta(microseconds=1)
    assert by_code(session, challenge, letter["fields"]["code"], soon) is not None


def test_five_wrong_codes_close_the_door_for_the_right_one(database, now):
    with db.transaction() as session:
        make_member(session, email="anna@example.org")
        challenge = ask(session, now)
        code = letters(session)[0]["fields"]["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        with db.transaction() as session:
            assert by_code(session, challenge, wrong, now) is None
    with db.transaction() as session:
        assert by_code(session, challenge, code, now) is None


def test_looking_at_a_link_does_not_use_it(session, now):
    make_member(session, email="anna@example.org", name="Anna")
    ask(session, now)
    token = token_of(letters(session)[0])
    for _ in range(3):
        asked = queries.asked_by_link(session, purpose="sign_in", token=token, now=now)
        assert (asked.name, asked.usable, asked.address) == ("Anna", True, "a•••@example.org")
    assert queries.asked_by_link(session, purpose="join", token=token, now=now) is None
    assert service.sign_in_by_link(session, token=token, now=now, label="test")


def test_known_and_unknown_addresses_are_answered_alike(session, now):
    make_member(session, email="anna@example.org")
    known = ask(session, now)
    unknown = ask(session, now, "nobody@example.org")
    assert len(known) == len(unknown) == 20
    assert [letter["to"] for letter in letters(session)] == ["anna@example.org"]
    for challenge in (known, unknown):
        assert (
            by_code(
                session,
                challenge,
                "000000" if letters(session)[0]["fields"]["code"] != "000000" else "1",
                now,
            )
            is None
        )
    rows = session.scalars(select(Challenge)).all()
    assert {(row.tries, row.purpose, row.expires_at - row.created_at) for row in rows} == {
        (1, "sign_in", timedelta(minutes=10))
    }


def test_asking_is_limited_alike_for_known_and_unknown(session, now):
    make_member(session, email="anna@example.org")
    for contact in ("anna@example.org", "nobody@example.org"):
        for n in range(5):
            ask(session, now, contact, device=f"10.0.0.{n}")
        with pytest.raises(TooMany):
            ask(session, now, contact, device="10.0.0.9")
        assert ask(session, now + timedelta(minutes=15, seconds=1), contact, device="10.0.0.9")


def test_one_device_may_not_ask_for_everybody(session, now):
    for n in range(30):
        ask(session, now, f"somebody{n}@example.org")
    with pytest.raises(TooMany):
        ask(session, now, "another@example.org")
    assert ask(session, now, "another@example.org", device="5.6.7.8")


def test_who_left_gets_nothing(session, now):
    make_member(session, email="anna@example.org", state="left")
    ask(session, now)
    assert letters(session) == []


def test_what_is_no_address_is_said_so(session, now):
    with pytest.raises(Invalid) as refusal:
        ask(session, now, "anna")
    assert refusal.value.field == "contact"


def test_signing_in_confirms_an_imported_address(session, now):
    member = make_member(session, email="anna@example.org", confirmed=False)
    assert queries.contacts(session, [member])[0].email is None
    ask(session, now)
    service.sign_in_by_link(session, token=token_of(letters(session)[0]), now=now, label="test")
    assert queries.contacts(session, [member])[0].email == "anna@example.org"


def test_devices_are_listed_and_revoked(session, now):
    anna, bob = make_member(session), make_member(session)
    here = service.start_session(session, member_id=anna, now=now, device="Firefox")
    there = service.start_session(session, member_id=anna, now=now, device="Phone")
    actor, other = queries.actor_of(session, anna), queries.actor_of(session, bob)
    found = queries.devices(session, anna, now=now, current=here)
    assert {(one.label, one.current) for one in found} == {("Firefox", True), ("Phone", False)}
    key = next(one.key for one in found if not one.current)
    with pytest.raises(NotFound):
        service.revoke_session(session, actor=other, now=now, token_hash=key)
    service.revoke_session(session, actor=actor, now=now, token_hash=key)
    assert not queries.signed_in(session, there, now=now).device.holds(now, with_role=False)
    assert service.revoke_all_sessions(session, actor=actor, now=now) == 1
    assert queries.devices(session, anna, now=now, current=here) == []


def test_sessions_end_by_idling_and_by_age(session, now):
    member = make_member(session)
    token = service.start_session(session, member_id=member, now=now, device="x")
    device = queries.signed_in(session, token, now=now).device
    assert device.holds(now + timedelta(days=13), with_role=False)
    assert not device.holds(now + timedelta(days=14), with_role=False)
    assert not device.holds(now + timedelta(hours=12), with_role=True)
    from union.members.service.sessions import see_session, wipe_sessions

    for day in range(1, 30):
        see_session(session, token=token, now=now + timedelta(days=day))
    session.expire_all()
    assert queries.signed_in(session, token, now=now).device.holds(
        now + timedelta(days=29, hours=23), with_role=False
    )
    assert not queries.signed_in(session, token, now=now).device.holds(
        now + timedelta(days=30), with_role=False
    )
    assert wipe_sessions(session, now=now + timedelta(days=38)) == 1


def test_used_links_and_tries_are_forgotten(session, now):
    make_member(session, email="anna@example.org")
    ask(session, now)
    assert wipe_challenges(session, now=now + timedelta(hours=1)) == 0
    assert wipe_challenges(session, now=now + timedelta(hours=2)) == 1
    assert wipe_attempts(session, now=now + timedelta(hours=23)) == 0
    assert wipe_attempts(session, now=now + timedelta(days=2)) == 3
    assert session.scalar(select(func.count()).select_from(Challenge)) == 0
