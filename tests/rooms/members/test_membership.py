"""Who belongs: vouching, admitting, suspending, roles; each with its entry in the log."""

from datetime import timedelta

import pytest

from tests.factories.members import letters, make_member
from union.audit import queries as audit
from union.core.actor import SYSTEM, VISITOR, Role
from union.core.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from union.members import queries, service
from union.members.models import Member
from union.members.rules.membership import State
from union.members.service.people import give_vouch_code

SITE = "https://union.example"


@pytest.fixture
def applicant(session):
    member = make_member(session, state="applicant", name="Anna", platforms=["uber"])
    give_vouch_code(session.get(Member, member))
    session.flush()
    return member


def actor(session, **facts):
    return queries.actor_of(session, make_member(session, **facts))


def code_of(session, member):
    return session.get(Member, member).vouch_code


def acts(session, member):
    return [entry.act for entry in reversed(audit.newest(session, subject=f"member/{member}"))]


def test_two_active_members_make_a_member(session, now, applicant):
    first, second = actor(session), actor(session)
    code = code_of(session, applicant)
    assert (
        service.look_up_vouch_code(session, actor=first, code=f" {code[:4]}-{code[4:].upper()} ", now=now)
        == code
    )
    seen = queries.applicant(session, actor=first, code=code)
    assert (seen.name, seen.platforms, seen.vouched) == ("Anna", (("Uber", "driver"),), False)
    assert service.vouch(session, actor=first, code=code, now=now, site=SITE) == State.APPLICANT
    with pytest.raises(Conflict):
        service.vouch(session, actor=first, code=code, now=now, site=SITE)
    assert not queries.actor_of(session, applicant).active
    assert service.vouch(session, actor=second, code=code, now=now, site=SITE) == State.ACTIVE
    assert queries.actor_of(session, applicant).active
    assert [letter["kind"] for letter in letters(session)] == ["welcome"]
    assert acts(session, applicant) == ["members.vouch", "members.vouch"]
    with pytest.raises(NotFound):
        service.vouch(session, actor=actor(session), code=code, now=now, site=SITE)


def test_a_suspended_members_word_does_not_count(session, now, applicant):
    first, officer = actor(session), actor(session, roles=["officer"])
    code = code_of(session, applicant)
    service.vouch(session, actor=first, code=code, now=now, site=SITE)
    service.suspend(session, actor=officer, member_id=first.member_id, reason="spied", now=now)
    assert service.vouch(session, actor=actor(session), code=code, now=now, site=SITE) == State.APPLICANT
    assert service.vouch(session, actor=actor(session), code=code, now=now, site=SITE) == State.ACTIVE


def test_applicants_and_strangers_cannot_vouch(session, now, applicant):
    code = code_of(session, applicant)
    for stranger in (VISITOR, queries.actor_of(session, applicant), actor(session, state="suspended")):
        with pytest.raises(NotAllowed):
            service.vouch(session, actor=stranger, code=code, now=now, site=SITE)


def test_guessing_codes_is_limited(session, now, applicant):
    guesser = actor(session)
    for n in range(20):
        assert service.look_up_vouch_code(session, actor=guesser, code=f"guess{n}", now=now) is None
    with pytest.raises(TooMany):
        service.look_up_vouch_code(session, actor=guesser, code=code_of(session, applicant), now=now)


def test_a_new_code_ends_the_old_one(session, now, applicant):
    old = code_of(session, applicant)
    service.make_applicant_code(session, actor=queries.actor_of(session, applicant), now=now)
    with pytest.raises(NotFound):
        service.vouch(session, actor=actor(session), code=old, now=now, site=SITE)


def test_an_organizer_admits_and_declines(session, now, applicant):
    organizer = actor(session, roles=["organizer"])
    with pytest.raises(NotAllowed):
        service.admit(session, actor=actor(session), member_id=applicant, now=now, site=SITE)
    service.admit(session, actor=organizer, member_id=applicant, now=now, site=SITE)
    with pytest.raises(Conflict):
        service.admit(session, actor=organizer, member_id=applicant, now=now, site=SITE)
    other = make_member(session, state="applicant")
    with pytest.raises(Invalid):
        service.decline(session, actor=organizer, member_id=other, reason="  ", now=now)
    service.decline(session, actor=organizer, member_id=other, reason="a manager", now=now)
    assert [letter["kind"] for letter in letters(session)] == ["welcome", "declined"]
    with pytest.raises(NotFound):
        queries.actor_of(session, other)
    assert acts(session, other) == ["members.decline"]
    assert service.erase_left(session, now=now + timedelta(days=29)) == 0
    assert service.erase_left(session, now=now + timedelta(days=31)) == 1


def test_suspending_ends_sessions_roles_in_effect_and_can_be_lifted(session, now):
    officer = actor(session, roles=["officer"])
    bad = make_member(session, roles=["organizer"])
    token = service.start_session(session, member_id=bad, now=now, device="x")
    with pytest.raises(NotAllowed):
        service.suspend(
            session, actor=actor(session, roles=["organizer"]), member_id=bad, reason="x", now=now
        )
    service.suspend(session, actor=officer, member_id=bad, reason="leaked the plan", now=now)
    assert not queries.signed_in(session, token, now=now).device.holds(now, with_role=False)
    suspended = queries.actor_of(session, bad)
    assert (suspended.known, suspended.active, suspended.roles) == (True, False, frozenset())
    assert bad not in queries.organizers(session)
    service.reinstate(session, actor=officer, member_id=bad, now=now, site=SITE)
    assert queries.actor_of(session, bad).can("campaign.plan")


def test_roles_are_granted_by_officers_and_the_last_officer_stays(session, now):
    officer = actor(session, roles=["officer"])
    member = make_member(session)
    with pytest.raises(NotAllowed):
        service.grant_role(
            session, actor=actor(session, roles=["organizer"]), member_id=member, role=Role.OFFICER, now=now
        )
    for act in (
        lambda: service.revoke_role(
            session, actor=officer, member_id=officer.member_id, role=Role.OFFICER, now=now
        ),
        lambda: service.suspend(session, actor=officer, member_id=officer.member_id, reason="x", now=now),
        lambda: service.leave(session, actor=officer, now=now),
        lambda: service.erase(session, actor=officer, now=now),
    ):
        with pytest.raises(Conflict, match="needs an officer"):
            act()
    service.grant_role(session, actor=officer, member_id=member, role=Role.OFFICER, now=now)
    service.grant_role(session, actor=officer, member_id=member, role=Role.OFFICER, now=now)
    assert acts(session, member) == ["members.grant"]
    service.revoke_role(session, actor=officer, member_id=officer.member_id, role=Role.OFFICER, now=now)
    assert queries.with_role(session, Role.OFFICER) == [member]


def test_a_suspended_officer_does_not_count_as_one(session, now):
    officer, other = actor(session, roles=["officer"]), actor(session, roles=["officer"])
    service.suspend(session, actor=officer, member_id=other.member_id, reason="x", now=now)
    with pytest.raises(Conflict):
        service.leave(session, actor=officer, now=now)


def test_roles_only_for_active_members_and_only_real_ones(session, now):
    officer = actor(session, roles=["officer"])
    with pytest.raises(Conflict):
        service.grant_role(
            session,
            actor=officer,
            member_id=make_member(session, state="applicant"),
            role=Role.TRUSTEE,
            now=now,
        )
    with pytest.raises(Invalid):
        service.grant_role(session, actor=officer, member_id=make_member(session), role=Role.MEMBER, now=now)


def test_the_register_finds_exactly_and_shows_no_address(session, now):
    organizer = actor(session, roles=["organizer"], email="org@example.org")
    anna = make_member(
        session, name="Anna", email="anna@example.org", phone="+31612345678", platforms=["uber"]
    )
    make_member(session, state="applicant", chapter="utrecht")

    def found(**filters):
        return [card.id for card in queries.register_page(session, actor=organizer, **filters).cards]

    assert found(contact="ANNA@example.org") == found(contact="0612345678") == [anna]
    assert found(contact="ann@example.org") == found(contact="anna") == []
    assert found(platform="uber") == [anna]
    assert len(found(state=State.APPLICANT)) == len(found(chapter="utrecht")) == 1
    assert len(found()) == 3
    page = queries.member_page(session, actor=organizer, member_id=anna)
    assert "@" not in repr(page)
    assert "612345678" not in repr(page)
    with pytest.raises(NotAllowed):
        queries.register_page(session, actor=queries.actor_of(session, anna))


def test_looking_at_an_address_needs_a_reason_and_is_logged_without_it(session, now):
    organizer = actor(session, roles=["organizer"])
    anna = make_member(session, email="anna@example.org")
    with pytest.raises(Invalid):
        service.reveal_contact(session, actor=organizer, member_id=anna, reason=" ", now=now)
    service.reveal_contact(session, actor=organizer, member_id=anna, reason="missed the meeting", now=now)
    entry = audit.newest(session, subject=f"member/{anna}")[0]
    assert (entry.act, entry.actor_id, entry.facts) == (
        "members.reveal_contact",
        organizer.member_id,
        {"reason": "missed the meeting"},
    )


def test_chapters(session, now):
    assert (
        service.add_chapter(session, actor=SYSTEM, name="Den Haag", zone="Europe/Amsterdam", now=now)
        == "den-haag"
    )
    with pytest.raises(Conflict):
        service.add_chapter(session, actor=SYSTEM, name="Den  Haag", zone="Europe/Amsterdam", now=now)
    with pytest.raises(Invalid):
        service.add_chapter(session, actor=SYSTEM, name="X", zone="Mars/Base", now=now)
