"""A member's own account: changing, leaving, being forgotten, and what a stolen database tells."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.factories.members import letters, make_chapter, make_member, token_of
from tests.factories.platforms import make_platform
from union.audit.models import AuditEntry
from union.core import db
from union.core.actor import VISITOR
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.members import queries, service
from union.members.models import Attempt, ImportDraft, Member
from union.members.rules.contact import Reach
from union.members.rules.joining import Draft
from union.notify import service as notify
from union.notify.models import OptOut, Outbox
from union.notify.rules.kinds import Channel, Lane

SITE = "https://union.example"
PHONE = "+31655443322"
EMAIL = "secret.anna@example.org"


def actor(session, **facts):
    return queries.actor_of(session, make_member(session, **facts))


def request(session, who, reach, address, now):
    return service.request_channel(
        session, actor=who, reach=reach, address=address, device="1.2.3.4", now=now, site=SITE
    )


def test_details_and_platforms(session, now):
    make_chapter(session, "utrecht")
    make_platform(session, "uber")
    who = actor(session)
    service.update_details(
        session, actor=who, name=" Zoë  B. ", language="nl", zone="Europe/Berlin", chapter="utrecht", now=now
    )
    service.set_platforms(session, actor=who, platforms={"uber": ("driver",)}, now=now)
    own = queries.account(session, actor=who)
    assert (own.name, own.language, own.zone, own.chapter_slug) == (
        "Zoë B.",
        "nl",
        "Europe/Berlin",
        "utrecht",
    )
    assert queries.eligible(session, platform_slug="uber", chapter_slug="utrecht") == [who.member_id]
    for platforms, error in (
        ({"uber": ()}, Invalid),
        ({"atlantis": ("user",)}, NotFound),
        ({"uber": ("boss",)}, Invalid),
    ):
        with pytest.raises(error):
            service.set_platforms(session, actor=who, platforms=platforms, now=now)
    service.set_platforms(session, actor=who, platforms={}, now=now)
    assert queries.count_active(session, "uber") == 0
    with pytest.raises(NotAllowed):
        service.set_platforms(session, actor=VISITOR, platforms={}, now=now)


def test_an_address_changes_only_once_shown_to_be_the_members_and_the_old_one_hears_of_it(session, now):
    who = actor(session, email="old@example.org")
    request(session, who, Reach.EMAIL, "new@example.org", now)
    assert queries.account(session, actor=who).email == "old@example.org"
    token = token_of(letters(session, "channel")[0])
    with pytest.raises(NotAllowed), session.begin_nested():
        service.channel_by_link(session, actor=actor(session), token=token, device="x", now=now)
    assert service.channel_by_link(session, actor=who, token=token, device="x", now=now) == Reach.EMAIL
    assert queries.account(session, actor=who).email == "new@example.org"
    assert [letter["to"] for letter in letters(session, "changed")] == ["old@example.org"]
    with pytest.raises(Closed):
        service.channel_by_link(session, actor=who, token=token, device="x", now=now)


def test_anothers_address_is_answered_alike(session, now):
    make_member(session, email="taken@example.org")
    who = actor(session)
    challenge = request(session, who, Reach.EMAIL, "taken@example.org", now)
    assert [(one["kind"], one["to"]) for one in letters(session)] == [("known", "taken@example.org")]
    assert (
        service.channel_by_code(
            session, actor=who, challenge_id=challenge, code="123456", device="x", now=now
        )
        is None
    )
    with pytest.raises(Invalid) as refusal:
        request(session, who, Reach.SMS, "020 1234567", now)
    assert refusal.value.field == "address"


def test_the_last_way_to_reach_somebody_stays(session, now):
    who = actor(session, phone=PHONE)
    service.remove_channel(session, actor=who, reach=Reach.EMAIL, now=now)
    assert queries.account(session, actor=who).email is None
    with pytest.raises(Conflict):
        service.remove_channel(session, actor=who, reach=Reach.SMS, now=now)


def test_texts_are_asked_for_and_stopped_and_another_number_asks_afresh(session, now):
    who = actor(session, phone=PHONE)

    def refused():
        return notify.refusals(session, addresses=[PHONE], channel=Channel.SMS, lane=Lane.ALERT)

    service.opt_in_sms(session, actor=who, text="Text me.", device="1.2.3.4", now=now)
    assert queries.contacts(session, [who.member_id])[0].sms_ok
    service.opt_out_sms(session, actor=who, now=now)
    assert not queries.contacts(session, [who.member_id])[0].sms_ok
    assert refused() == {PHONE}
    service.opt_in_sms(session, actor=who, text="Text me.", device="1.2.3.4", now=now)
    assert refused() == set()
    row = session.get(Member, who.member_id)
    assert (row.sms_opt_in_text, row.sms_opt_in_at, len(row.sms_opt_in_device)) == ("Text me.", now, 32)
    challenge = request(session, who, Reach.SMS, "+31612121212", now)
    code = letters(session, "channel")[0]["fields"]["code"]
    service.channel_by_code(session, actor=who, challenge_id=challenge, code=code, device="x", now=now)
    contact = queries.contacts(session, [who.member_id])[0]
    assert (contact.phone, contact.sms_ok) == ("+31612121212", False)
    with pytest.raises(Conflict):
        service.opt_in_sms(session, actor=actor(session), text="Text me.", device="x", now=now)


def test_leaving_ends_sessions_and_forgets_a_month_later(session, now):
    who = actor(session, email=EMAIL)
    token = service.start_session(session, member_id=who.member_id, now=now, device="x")
    service.leave(session, actor=who, now=now)
    assert queries.signed_in(session, token, now=now) is None
    with pytest.raises(NotFound):
        queries.actor_of(session, who.member_id)
    assert queries.eligible(session) == []
    assert service.erase_left(session, now=now + timedelta(days=30)) == 0
    assert service.erase_left(session, now=now + timedelta(days=30, seconds=1)) == 1
    assert session.get(Member, who.member_id).email is None


def test_erasing_leaves_a_husk_opt_outs_and_the_log(session, now):
    who = actor(
        session,
        email=EMAIL,
        phone=PHONE,
        sms=True,
        platforms=["uber"],
        roles=["organizer"],
        name="Secret Anna",
    )
    service.start_session(session, member_id=who.member_id, now=now, device="Firefox")
    service.opt_out_sms(session, actor=who, now=now)
    service.request_sign_in(session, contact=EMAIL, device="1.2.3.4", now=now, site=SITE)
    service.erase(session, actor=who, now=now)
    row = session.get(Member, who.member_id)
    kept = {column.key for column in Member.__table__.columns if getattr(row, column.key) is not None}
    assert kept == {"id", "state", "language", "zone", "applied_at", "joined_at", "left_at", "erased_at"}
    for table in ("member_role", "affiliation", "member_session", "challenge", "vouch"):
        assert (
            session.execute(
                text(f"SELECT count(*) FROM {table} WHERE member_id = :id"), {"id": who.member_id}
            ).scalar()
            == 0
        )
    assert session.scalars(select(Outbox.member_id)).all() != [who.member_id]
    assert session.scalars(select(Outbox).where(Outbox.sealed.is_not(None))).all() == []
    assert notify.refusals(session, addresses=[PHONE], channel=Channel.SMS, lane=Lane.ALERT) == {PHONE}
    assert len(session.scalars(select(OptOut)).all()) == 2
    assert "members.erase" in session.scalars(select(AuditEntry.act)).all()
    assert queries.display_names(session, [who.member_id]) == {}
    assert queries.contacts(session, [who.member_id]) == []
    assert queries.chapter_of(session, who.member_id) == ""
    with pytest.raises(NotFound):
        queries.account(session, actor=who)


def everything(session):
    """Return the whole database as text: every value of every table, bytes in hex and as Latin-1."""
    return "\n".join(
        bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)
        for table in db.Base.metadata.sorted_tables
        for row in session.execute(text(f'SELECT * FROM "{table.name}"'))
        for value in row
    )


def test_a_stolen_database_tells_no_name_and_no_address(session, now):
    make_chapter(session)
    officer = actor(session, roles=["officer"])
    who = actor(session, email=EMAIL, phone=PHONE, name="Secret Anna")
    service.request_sign_in(session, contact=PHONE, device="203.0.113.77", now=now, site=SITE)
    request(session, who, Reach.EMAIL, "secret.new@example.org", now)
    service.opt_out_sms(session, actor=who, now=now)
    draft = Draft(
        name="Secret Bob",
        email="secret.bob@example.org",
        chapter="amsterdam",
        platforms={},
        language="en",
        zone="UTC",
    )
    service.apply(session, draft=draft, device="203.0.113.77", now=now, site=SITE, sms_text="")
    service.keep_draft(
        session, actor=officer, content=b"name,email\nSecret Eve,secret.eve@example.org\n", now=now
    )
    codes = [letter["fields"]["code"] for letter in letters(session) if "code" in letter["fields"]]
    tokens = [token_of(letter) for letter in letters(session)]
    session.flush()
    stolen = everything(session)
    assert session.scalars(select(Attempt)).all()
    assert session.scalars(select(ImportDraft)).all()
    for secret in ("ecret", "55443322", "203.0.113", *tokens):
        assert secret not in stolen
    values = set(stolen.split("\n"))
    assert not values & set(codes)


def test_erased_contact_data_is_gone_from_the_very_bytes_of_the_file(sqlite_template, tmp_path, now):
    """Not only unreadable: the sealed bytes themselves are overwritten in file and journal."""
    from tests.conftest import fresh_sqlite

    with fresh_sqlite(sqlite_template, tmp_path) as database:
        db.install(database)
        with db.transaction() as session:
            who = actor(session, email=EMAIL, phone=PHONE, name="Secret Anna")
            sealed = [
                bytes(value)
                for value in session.execute(
                    text("SELECT name, email, phone, email_hash, phone_hash FROM member WHERE id = :id"),
                    {"id": who.member_id},
                ).one()
            ]
        files = [tmp_path / "union.db", tmp_path / "union.db-wal"]

        def raw():
            return b"".join(path.read_bytes() for path in files if path.exists())

        assert all(value in raw() for value in sealed)
        with db.transaction() as session:
            service.erase(session, actor=who, now=now)
        with database.engine.connect() as plain:
            plain.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        left = raw()
        assert not [value for value in sealed if value in left]
        for clear in (PHONE, EMAIL, "Secret Anna", PHONE[1:]):
            assert clear.encode() not in left
