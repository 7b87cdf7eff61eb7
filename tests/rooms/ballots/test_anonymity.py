"""The wall between the roll and the board: schema, stored rows, order, ages; each check with a fault that trips it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Column, ForeignKey, MetaData, String, Table, inspect, select, text

from tests.factories import ballots as make
from union.ballots import models, service
from union.core import db
from union.core.db import Instant

YES = [[1, 0, 0]]
MEMBER_WORDS = ("member", "voter", "actor", "person", "email", "phone", "session")
BOARD_TABLES = {"cast_ballot", "cast_ciphertext", "board_record", "public_credential", "refusal_log"}
ROLL_TABLES = {"roll_entry"}


def links(table):
    """What in a table of the board could lead to a member or to a moment."""
    found = []
    for column in table.columns:
        if any(word in column.name for word in MEMBER_WORDS):
            found.append(f"{table.name}.{column.name} names a member")
        if isinstance(column.type, Instant) or column.name.endswith("_at"):
            found.append(f"{table.name}.{column.name} is a time")
        found += [
            f"{table.name}.{column.name} points to {key.target_fullname}"
            for key in column.foreign_keys
            if key.target_fullname.split(".")[0] != "ballot"
        ]
    return found


def leads_to_the_board(table):
    """What in a table of the roll could lead to the board."""
    allowed = {"ballot_id", "member_id", "chapter_slug", "weight", "voted"}
    return [f"{table.name}.{c.name}" for c in table.columns if c.name not in allowed]


def test_no_column_of_the_board_leads_to_a_member():
    tables = db.Base.metadata.tables
    assert set(tables) >= BOARD_TABLES
    assert [link for name in BOARD_TABLES for link in links(tables[name])] == []
    assert [link for name in ROLL_TABLES for link in leads_to_the_board(tables[name])] == []


def test_a_planted_column_is_noticed():
    for planted in (
        Column("member_id", String(20)),
        Column("cast_at", Instant),
        Column("mark", String(20), ForeignKey("roll_entry.member_id")),
    ):
        table = Table("cast_ballot", MetaData(), Column("ballot_id", String(20)), planted)
        assert links(table), planted
    assert leads_to_the_board(Table("roll_entry", MetaData(), Column("tracker", String(43))))


@pytest.fixture
def voted(database, now):
    """Twelve members have voted in a known order; committed, so that rows have their real ages."""
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, voters=12)
    order = [hand.voters[i] for i in (7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 6, 4)]
    receipts = {}
    with make.at_database_time(now):
        for voter in order:
            with db.transaction() as session:
                receipts[voter] = make.vote(session, hand, voter, YES, now)
    return hand, order, receipts


def rows_of_every_table(session):
    """Every stored row as text, by table; sealed columns as the bytes that are stored."""
    found = {}
    for name in inspect(session.get_bind()).get_table_names():
        rows = session.execute(text(f'SELECT * FROM "{name}"')).mappings()
        found[name] = [json.dumps({k: repr(v) for k, v in row.items()}) for row in rows]
    return found


def joined(session, hand, receipts):
    """Rows, of any table, that hold both a member (id or address) and anything of that member's ballot."""
    problems = []
    for table, rows in rows_of_every_table(session).items():
        for voter, receipt in receipts.items():
            digest = session.execute(
                select(models.CastBallot.ballot_hash).where(models.CastBallot.height == receipt.height)
            ).scalar_one()
            marks = (receipt.tracker, digest, receipt.chain_head, receipt.signature, hand.credentials[voter])
            problems += [
                f"{table}: {row[:80]}" for row in rows if voter in row and any(mark in row for mark in marks)
            ]
    return problems


def test_no_row_anywhere_holds_a_member_and_a_ballot(database, voted):
    hand, _, receipts = voted
    with db.transaction() as session:
        service.send_receipts(session, now=hand.opens_at, slug=hand.slug)
    with db.reading() as session:
        assert joined(session, hand, receipts) == []


def test_a_planted_row_is_noticed(database, voted):
    hand, order, receipts = voted
    with db.transaction() as session:
        session.add(
            models.Objection(
                id="planted",
                ballot_id=make.row(session, hand).id,
                member_id=order[0],
                text=receipts[order[0]].tracker,
                raised_at=hand.opens_at,
            )
        )
    with db.reading() as session:
        assert len(joined(session, hand, receipts)) == 1


def test_no_audit_entry_is_written_for_a_vote(database, voted):
    from union.audit.models import AuditEntry

    with db.reading() as session:
        acts = set(session.scalars(select(AuditEntry.act)))
        assert not any("cast" in act or "vote" in act for act in acts)


def stored_order(session, hand):
    """The members who voted, in the order in which the database happens to keep their rows."""
    query = text("SELECT member_id FROM roll_entry WHERE ballot_id = :b AND voted")
    if session.get_bind().dialect.name == "postgresql":
        query = text("SELECT member_id FROM roll_entry WHERE ballot_id = :b AND voted ORDER BY ctid")
    return list(session.scalars(query, {"b": make.row(session, hand).id}))


def test_after_the_close_the_roll_keeps_neither_order_nor_age(database, voted):
    """While voting goes on PostgreSQL's row versions tell the order; the close writes the roll anew, shuffled."""
    hand, order, _ = voted
    postgres = database.engine.dialect.name == "postgresql"
    with db.reading() as session:
        before = stored_order(session, hand)
        assert (before == order) == postgres  # the danger is real, and only there
    with db.transaction() as session:
        make.close(session, hand)
    with db.reading() as session:
        after = stored_order(session, hand)
        assert sorted(after) == sorted(order)
        assert after != order
        if postgres:
            ages = session.scalars(text("SELECT DISTINCT xmin::text FROM roll_entry")).all()
            assert len(ages) == 1
        else:
            with pytest.raises(Exception, match="rowid"):
                session.execute(text("SELECT rowid FROM roll_entry")).all()


def test_receipts_leave_in_another_order_than_votes_came(database, voted):
    from union.notify.models import Outbox

    hand, _, receipts = voted
    with db.transaction() as session:
        service.send_receipts(session, now=hand.opens_at, slug=hand.slug)
    with db.reading() as session:
        sent = session.scalars(
            select(Outbox).where(Outbox.kind.startswith("receipt-")).order_by(Outbox.id)
        ).all()
        heights = [json.loads(m.sealed)["fields"].get("height") for m in sent]
        assert sorted(h for h in heights if h) != [h for h in heights if h]
        assert {m.member_id for m in sent} == {""}
        assert len(sent) == len(receipts)


def test_nothing_of_participation_is_left_after_the_contest_period(database, voted):
    hand, _, _ = voted
    late = hand.closes_at + timedelta(days=8)
    with db.transaction() as session:
        make.close(session, hand)
        make.decrypt(session, hand, hand.closes_at)
        service.wipe_marks(session, actor=make.SYSTEM, now=late, slug=hand.slug)
    with db.reading() as session:
        assert set(session.scalars(select(models.RollEntry.voted))) == {None}
        assert session.scalars(select(models.WaitingReceipt)).all() == []


def test_a_credential_is_nowhere_but_in_its_sealed_message(database, now):
    with db.transaction() as session:
        hand = make.issue(session, make.give_keys(session, make.make_ballot_draft(session, now), now), now)
    with db.reading() as session:
        everything = "".join(row for rows in rows_of_every_table(session).values() for row in rows)
        assert not any(code in everything for code in hand.credentials.values())
