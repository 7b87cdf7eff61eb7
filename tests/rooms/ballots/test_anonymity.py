"""The wall between the roll and the board: schema, stored rows, order, ages; each check with a fault that trips it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Column, ForeignKey, MetaData, String, Table, func, inspect, select, text

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.ballots import models, service
from union.core import db
from union.core.actor import Role
from union.core.db import Instant

YES = [[1, 0, 0]]
MEMBER_WORDS = ("member", "voter", "actor", "person", "email", "phone", "session")
BOARD_TABLES = {
    "cast_ballot",
    "cast_ciphertext",
    "board_record",
    "public_credential",
    "refusal_log",
    "ballot_shuffle",
}
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


# Weights and orders


def lonely(session, hand, smallest):
    """Published weights that fewer than `smallest` voting codes share: each could name whoever votes with it."""
    shared = session.execute(
        select(models.PublicCredential.weight, func.count())
        .where(models.PublicCredential.ballot_id == make.row(session, hand).id)
        .group_by(models.PublicCredential.weight)
    )
    return [weight for weight, many in shared if many < smallest]


@pytest.fixture
def weighed(database, now):
    """Twelve members of whom one alone has nine votes and two have four; weights shared by three at least."""
    given = [9, 4, 4, *[2] * 5, *[1] * 4]
    with db.transaction() as session:
        hand = make.make_ballot_draft(session, now, voters=12, kind="general", preset="simple-majority")
        officer = make_member(session, roles=[Role.OFFICER], chapter="utrecht")
        text = "".join(f"{member},{weight}\n" for member, weight in zip(hand.voters, given, strict=True))
        service.take_weights(
            session, actor=make.actor(session, officer), now=now, slug=hand.slug, text=text, smallest=3
        )
        make.issue(session, make.give_keys(session, hand, now), now)
        make.open_now(session, hand, now)
    return hand


def test_no_published_weight_is_rarer_than_the_ballot_says(database, weighed):
    with db.reading() as session:
        assert lonely(session, weighed, 3) == []
        assert session.scalars(select(models.BallotWeight)).all() == []  # what the list said is gone
        weights = [json.loads(row)["weight"] for row in rows_of_every_table(session)["roll_entry"]]
    assert "9" not in weights


def test_a_planted_weight_is_noticed(database, weighed):
    with db.transaction() as session:
        common = select(models.PublicCredential).where(models.PublicCredential.weight == 2)
        session.scalars(common.limit(1)).one().weight = 77  # five share it; four still do
    with db.reading() as session:
        assert lonely(session, weighed, 3) == [77]


def test_a_weight_is_all_that_roll_and_board_share(database, weighed, now):
    """No credential stands beside a member; what both sides hold of one another is a weight that several share."""
    with db.reading() as session:
        rows = rows_of_every_table(session)
    points = [json.loads(row)["digest"].strip("'") for row in rows["public_credential"]]
    for table, held in rows.items():
        for voter in weighed.voters:
            assert not any(voter in row and any(point in row for point in points) for row in held), table


def test_orders_are_kept_in_no_order_of_giving(database, now):
    """Neither as they were cast nor as they were shuffled: each different one once, with how many gave it."""
    given = [[3, 2, 1, 4], [1, 2, 3, 4], [2, 1, 3, 4], [1, 2, 3, 4]]
    rank = service.ranking("Which first?", make.DEMANDS)
    with db.transaction() as session:
        hand = make.make_open_ballot(
            session, now, voters=4, trustees=1, questions=[rank], kind="demands", preset="simple-majority"
        )
        with make.at_database_time(now):
            for voter, order in zip(hand.voters, given, strict=True):
                make.vote(session, hand, voter, [order], now)
        make.close(session, hand)
        make.shuffle(session, hand, hand.closes_at)
        make.decrypt(session, hand, hand.closes_at)
        kept = make.row(session, hand).counts[0]
    assert kept == [[[1, 2, 3, 4], 2], [[2, 1, 3, 4], 1], [[3, 2, 1, 4], 1]]
