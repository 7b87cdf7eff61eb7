"""Every column says what it holds of people, every table until when; the page, the file and erasing agree with it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tests.factories.members import make_member
from tests.house.filling import fill, is_part, put, rows_of
from union.bargaining import service as bargaining
from union.core import db
from union.core.actor import SYSTEM, Actor
from union.core.db import Base, SealedText
from union.core.holding import CLEAR, Erased, Holds, Kept, as_markdown, holds, stored
from union.home.own_file import own_file
from union.members import service as members
from union.organizing import service as organizing

PAGE = Path(__file__).parent.parent.parent / "docs" / "what-is-stored.md"


def unclassified(tables):
    return [f"{t.name}.{c.name}" for t in tables for c in t.columns if holds(c) is None]


def silent(tables):
    """Tables that hold something of a person and do not say until when, or what erasing does."""
    found = []
    for one in tables:
        if one.personal and one.kept is None:
            found.append(f"{one.name} says nothing")
        elif one.kept and (one.kept.erased is Erased.NOBODYS) != (not one.of(Holds.MEMBER)):
            found.append(f"{one.name} is of a member or it is not")
        elif (
            one.kept
            and not one.of(Holds.MEMBER)
            and not (one.kept.why_not or one.kept.part_of)
            and not is_hashed_only(one)
        ):
            found.append(f"{one.name} is not in a member's file and does not say why")
    return found


def apart(tables):
    """Tables whose rows hang on a row that is a member's, unless that is published, and that do not say so."""
    members = {one.name for one in tables if one.of(Holds.MEMBER) and not one.of(Holds.PUBLIC)} - {"member"}
    return [
        one.name
        for one in tables
        if not one.of(Holds.MEMBER)
        and members & {key.column.table.name for key in one.table.foreign_keys}
        and not (one.kept and one.kept.part_of)
    ]


def is_hashed_only(one):
    return not {Holds.SEALED, Holds.CLEAR} & set(one.columns.values())


class TestClasses:
    def test_every_column_says_what_it_holds(self):
        assert unclassified(Base.metadata.sorted_tables) == []

    @pytest.mark.parametrize("kind", [sa.Text(), sa.String(20), sa.JSON(), sa.LargeBinary()])
    def test_planted_column_without_a_word(self, kind):
        table = sa.Table("planted", sa.MetaData(), sa.Column("told", kind))
        assert unclassified([table]) == ["planted.told"]

    @pytest.mark.parametrize(
        ("name", "kind", "what"),
        [
            ("n", sa.Integer(), Holds.NOTHING),
            ("told", SealedText("planted.told"), Holds.SEALED),
            ("member_id", sa.String(20), Holds.MEMBER),
            ("asked_by", sa.String(20), Holds.ACTOR),
            ("email_hash", sa.LargeBinary(32), Holds.HASHED),
            ("state", sa.String(12), Holds.NOTHING),
            ("state", sa.JSON(), None),
        ],
    )
    def test_what_needs_no_word(self, name, kind, what):
        table = sa.Table("planted", sa.MetaData(), sa.Column(name, kind))
        assert holds(table.c[name]) is what

    def test_a_word_is_one_of_ours(self):
        with pytest.raises(ValueError, match="secret"):
            holds(sa.Column("told", sa.Text(), info={"holds": "secret"}))

    def test_nothing_of_a_person_stands_in_clear(self):
        assert [f"{one.name}.{name}" for one in stored() for name in one.of(Holds.CLEAR)] == []

    def test_every_table_of_people_says_until_when(self):
        assert silent(stored()) == []

    def test_what_hangs_on_a_members_row_says_so(self):
        assert apart([*stored()]) == []

    def test_planted_part_that_does_not(self):
        found = [
            replace(one, kept=replace(one.kept, part_of="")) if one.name == "strike_claim_day" else one
            for one in stored()
        ]
        assert apart(found) == ["strike_claim_day"]

    def test_planted_table_that_says_nothing(self):
        class Planted(Base):
            """A table of somebody in a hurry."""

            __tablename__ = "planted"

            id: Mapped[int] = mapped_column(primary_key=True)
            told: Mapped[str] = mapped_column(sa.Text, info=CLEAR)

        try:
            assert silent(stored()) == ["planted says nothing"]
            Planted.__kept__ = Kept("for ever", Erased.NOBODYS)
            assert silent(stored()) == ["planted is not in a member's file and does not say why"]
        finally:
            Base.registry._dispose_cls(Planted)
            Base.metadata.remove(Planted.__table__)


class TestThePage:
    def test_it_is_up_to_date(self):
        assert PAGE.read_text() == as_markdown(), "run `union db what-is-stored > docs/what-is-stored.md`"

    def test_every_column_is_on_it(self):
        page = as_markdown()
        for one in stored():
            part = page.split(f"**`{one.name}`**")[1].split("**`")[0]
            assert set(one.columns) <= set(
                part.replace("|", ",").replace(" ", "").replace("\n", "").split(",")
            )


@pytest.fixture
def somebody(database, tmp_path):
    """A member of whom every table that can has a row, and another of whom none has."""
    with db.transaction() as session:
        other = make_member(session, email="other@example.org")
        one = make_member(session, email="anna@example.org", phone=True)
    return one, other, fill(tmp_path / "union.db", one)


class TestTheFile:
    def test_what_is_kept_is_in_it_or_it_says_why_not(self, somebody, now):
        one, other, filled = somebody
        with db.reading() as session:
            mine = own_file(session, actor=Actor(member_id=one), now=now)
            theirs = own_file(session, actor=Actor(member_id=other), now=now)
        json.dumps(mine)
        for name in filled:
            assert (name in mine["kept"]) != (name in mine["not_in_this_file"]), name
        assert all(mine["not_in_this_file"].values()) or is_hashed_only
        assert set(theirs["kept"]) == {"member"}
        assert theirs["kept"]["member"]["rows"][0]["email"] == "other@example.org"

    def test_the_parts_of_what_is_theirs_are_in_it_and_nobody_elses(self, somebody, now):
        one, other, _ = somebody
        with db.reading() as session:
            mine = own_file(session, actor=Actor(member_id=one), now=now)["kept"]
            theirs = own_file(session, actor=Actor(member_id=other), now=now)["kept"]
        parts = [table.name for table in stored() if is_part(table)]
        assert {"strike_claim_day", "grievance_note", "call_attempt"} <= set(parts)
        for name in parts:
            assert len(mine[name]["rows"]) == 1, name
            assert name not in theirs
        assert mine["strike_claim_day"]["rows"][0]["day"] == "2026-11-01"
        assert mine["grievance_note"]["rows"][0]["text"] == "words of grievance_note.text"

    @pytest.mark.parametrize(
        ("shared", "by_member", "there"), [(0, 0, False), (1, 0, True), (0, 1, True), (1, 1, True)]
    )
    def test_lines_of_a_case_that_its_member_may_read(
        self, database, tmp_path, now, shared, by_member, there
    ):
        with db.transaction() as session:
            one = make_member(session)
        put(tmp_path / "union.db", "grievance", one, id="g1", wiped_at=None)
        put(
            tmp_path / "union.db",
            "grievance_note",
            one,
            grievance_id="g1",
            shared=shared,
            by_member=by_member,
        )
        with db.reading() as session:
            kept = own_file(session, actor=Actor(member_id=one), now=now)["kept"]
        assert ("grievance_note" in kept) is there
        if there:
            assert kept["grievance_note"]["but"] == "lines that the team wrote for itself"

    def test_it_holds_the_words_and_no_hash_nobody_else_and_no_secret(self, somebody, now):
        one, _, _ = somebody
        with db.reading() as session:
            kept = own_file(session, actor=Actor(member_id=one), now=now)["kept"]
        for name in ("grievance", "strike_claim", "talk", "task", "saved_filter", "member_session"):
            assert "words of" in json.dumps(kept[name]), name
        for secret in (("pledge", "at_least"), ("outbox", "sealed"), ("push_device", "sealed")):
            assert secret[1] not in kept[secret[0]]["rows"][0], secret
        for table in stored():
            shown = set(kept.get(table.name, {}).get("rows", [{}])[0])
            assert not shown & {*table.of(Holds.HASHED), *table.of(Holds.ACTOR), *table.of(Holds.MEMBER)}


class TestErasing:
    def erase(self, member_id, now):
        with db.transaction() as session:
            members.erase(session, actor=Actor(member_id=member_id, active=True), now=now)
        for verb in (organizing.forget_people, bargaining.wipe):
            with db.transaction() as session:
                verb(session, actor=SYSTEM, now=now)

    def test_each_table_does_what_it_says(self, somebody, now):
        one, _, filled = somebody
        self.erase(one, now)
        with db.reading() as session:
            for table in stored():
                if table.name not in filled:
                    continue
                left = rows_of(session, table, one)
                total = session.scalar(sa.select(sa.func.count()).select_from(table.table))
                match table.kept.erased:
                    case Erased.GOES:
                        assert total == 0, table.name
                    case Erased.UNLINKED:
                        assert (left, total) == ([], 1), table.name
                    case _:
                        assert len(left) == 1, table.name
                        told = {*table.of(Holds.SEALED), *table.of(Holds.HASHED), *table.of(Holds.CLEAR)}
                        told -= set(KEPT_BY.get(table.name, ()))
                        assert not [name for name in told if left[0][name] is not None], table.name

    def test_nothing_sealed_of_the_member_is_left(self, somebody, now):
        one, _, filled = somebody
        self.erase(one, now)
        with db.reading() as session:
            for table in stored():
                if table.name not in filled or table.kept.erased is Erased.STAYS:
                    continue
                for row in session.execute(sa.select(table.table)).mappings():
                    assert not [name for name in table.of(Holds.SEALED) if row[name] is not None], table.name

    def test_nothing_is_left_of_the_parts_but_what_was_paid_and_sent(self, somebody, now):
        one, _, _ = somebody
        self.erase(one, now)
        with db.reading() as session:
            left = {
                table.name: session.execute(sa.select(table.table)).mappings().all()
                for table in filter(is_part, stored())
            }
        assert {name for name, rows in left.items() if rows} == {"grievance_note", "payout", "send_attempt"}
        assert left["grievance_note"][0]["text"] is None

    def test_the_members_own_row_is_empty(self, somebody, now):
        one, _, _ = somebody
        self.erase(one, now)
        with db.reading() as session:
            [table] = [table for table in stored() if table.name == "member"]
            [row] = rows_of(session, table, one)
            told = {*table.of(Holds.SEALED), *table.of(Holds.HASHED)}
            assert [name for name in told if row[name] is not None] == []


# What stays on purpose, by table: the reason stands where the reader looks for it.
KEPT_BY = {
    "pledge": (
        "at_least",
    ),  # like everybody's until the deadline; of who counted, the next count takes the row
    "audit_entry": ("words",),  # a reason an officer gave, of an act that stays in the log
}
