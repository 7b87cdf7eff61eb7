"""Joining: nothing before the address is confirmed, no oracle for addresses, and then an applicant."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories.members import letters, make_chapter, make_member, token_of
from tests.factories.platforms import make_platform
from union.core import db
from union.core.errors import Closed, Conflict, Invalid, NotFound, TooMany
from union.members import queries, service
from union.members.models import Member
from union.members.rules.joining import Draft

SITE = "https://union.example"
SMS = "Text me about actions."


@pytest.fixture
def draft(session):
    make_chapter(session)
    make_platform(session, "uber")
    return Draft(
        name="Anna",
        email="anna@example.org",
        chapter="amsterdam",
        platforms={"uber": ("driver", "user")},
        language="nl",
        zone="Europe/Amsterdam",
        sms=False,
        campaign="fair-pay",
    )


def apply(session, draft, now, device="1.2.3.4"):
    return service.apply(session, draft=draft, device=device, now=now, site=SITE, sms_text=SMS)


def confirm(session, now, letter, device="1.2.3.4"):
    return service.join_by_link(
        session, token=token_of(letter), device=device, now=now, site=SITE, label="test"
    )


def members(session):
    return session.scalar(select(func.count()).select_from(Member))


def test_nothing_is_kept_before_the_address_is_confirmed(session, now, draft):
    apply(session, draft, now)
    assert members(session) == 0
    letter = letters(session)[0]
    assert (letter["kind"], letter["to"], letter["secret"]) == ("join", "anna@example.org", True)
    joined = confirm(session, now + timedelta(hours=23), letter)
    assert joined.campaign == "fair-pay"
    actor = queries.actor_of(session, joined.member_id)
    own = queries.account(session, actor=actor)
    assert (own.name, own.state, own.chapter, own.email_confirmed) == ("Anna", "applicant", "Amsterdam", True)
    assert own.platforms == {"uber": ("driver", "user")}
    assert own.sms_opt_in_at is None
    assert actor.active is False
    assert queries.signed_in(session, joined.token, now=now).device.member_id == joined.member_id


def test_the_link_and_code_work_once_and_for_a_day(session, now, draft):
    challenge = apply(session, draft, now)
    letter = letters(session)[0]
    with pytest.raises(Closed):
        confirm(session, now + timedelta(hours=24), letter)
    done = service.join_by_code(
        session,
        challenge_id=challenge,
        code=letter["fields"]["code"],
        device="x",
        now=now,
        site=SITE,
        label="test",
    )
    assert done is not None
    with pytest.raises(Closed):
        confirm(session, now, letter)
    assert members(session) == 1


def test_an_address_that_is_a_members_is_answered_alike_and_its_owner_is_told(session, now, draft):
    make_member(session, email="anna@example.org", name="The real Anna")
    challenge = apply(session, draft, now)
    assert len(challenge) == 20
    assert [(one["kind"], one["to"]) for one in letters(session)] == [("known", "anna@example.org")]
    assert "code" not in letters(session)[0]["fields"]
    for code in ("000000", "123456", ""):
        assert (
            service.join_by_code(
                session, challenge_id=challenge, code=code, device="x", now=now, site=SITE, label="test"
            )
            is None
        )
    assert members(session) == 1


def test_two_applications_with_one_address_make_one_member(session, now, draft):
    apply(session, draft, now)
    apply(session, draft.with_(name="Ann"), now)
    first, second = letters(session)
    confirm(session, now, second)
    with pytest.raises(Conflict):
        confirm(session, now, first)
    assert members(session) == 1


def test_both_addresses_are_confirmed_one_after_the_other_with_the_proof_of_consent(session, now, draft):
    apply(session, draft.with_(phone="06 12345678", sms=True), now)
    joined = confirm(session, now, letters(session)[0])
    actor = queries.actor_of(session, joined.member_id)
    assert queries.account(session, actor=actor).phone is None
    letter = letters(session, "channel")[0]
    assert (letter["to"], letter["channel"]) == ("+31612345678", "sms")
    done = service.channel_by_code(
        session,
        actor=actor,
        challenge_id=joined.second,
        code=letter["fields"]["code"],
        device="1.2.3.4",
        now=now,
    )
    assert done == "sms"
    own = queries.account(session, actor=actor)
    assert (own.phone, own.phone_confirmed, own.sms_opt_in_at, own.sms_opt_in_text) == (
        "+31612345678",
        True,
        now,
        SMS,
    )
    assert queries.contacts(session, [joined.member_id])[0].sms_ok


def test_a_number_alone_is_enough_and_asking_for_texts_is_apart(session, now, draft):
    apply(session, draft.with_(email="", phone="0612345678", sms=False), now)
    joined = confirm(session, now, letters(session)[0])
    contact = queries.contacts(session, [joined.member_id])[0]
    assert (contact.email, contact.phone, contact.sms_ok) == (None, "+31612345678", False)


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"name": "  "}, Invalid, "name"),
        ({"name": "x" * 81}, Invalid, "name"),
        ({"name": "A\u202enna"}, Invalid, "name"),
        ({"email": "", "phone": ""}, Invalid, "email"),
        ({"email": "anna@"}, Invalid, "email"),
        ({"phone": "020 1234567"}, Invalid, "phone"),
        ({"chapter": "atlantis"}, NotFound, "chapter"),
        ({"language": "xx"}, Invalid, "language"),
        ({"zone": "Mars/Base"}, Invalid, "zone"),
        ({"platforms": {"uber": ("boss",)}}, Invalid, "platforms"),
    ],
)
def test_what_cannot_be_right_is_named(session, now, draft, change, error, field):
    with pytest.raises(error) as refusal:
        apply(session, draft.with_(**change), now)
    assert refusal.value.field == field


def test_who_left_may_come_back_and_the_old_row_is_emptied(session, now, draft):
    old = make_member(session, email="anna@example.org", state="left", name="Old Anna")
    apply(session, draft, now)
    joined = confirm(session, now, letters(session, "join")[0])
    assert joined.member_id != old
    husk = session.get(Member, old)
    assert (husk.name, husk.email, husk.erased_at) == (None, None, now)


def test_applying_is_limited(session, now, draft):
    for _ in range(5):
        apply(session, draft, now)
    with pytest.raises(TooMany):
        apply(session, draft, now)


def test_a_confirmed_join_is_whole_or_not_at_all(database, now, monkeypatch):
    """A kill between any two statements leaves no half member: the transaction is rolled back."""
    with db.transaction() as session:
        make_chapter(session)
        draft = Draft(
            name="Anna",
            email="anna@example.org",
            chapter="amsterdam",
            platforms={},
            language="en",
            zone="UTC",
        )
        apply(session, draft, now)
        letter = letters(session)[0]

    class Killed(BaseException):
        pass

    def die(*args, **facts):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("union.members.service.joining.start_session", die)
        with pytest.raises(Killed), db.transaction() as session:
            confirm(session, now, letter)
    with db.transaction() as session:
        assert members(session) == 0
        assert confirm(session, now, letter).member_id
