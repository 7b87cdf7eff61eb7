"""A key goes when the transaction that no longer wants it is committed, and only then."""

import pytest

from union.core import db
from union.core.passing import KeyFolder


@pytest.fixture
def folder(tmp_path):
    made = KeyFolder(tmp_path / "keys")
    made.make("one")
    return made


class Broken(Exception):
    pass


def test_it_goes_with_the_commit(database, folder):
    with db.transaction() as session:
        folder.remove_after(session, "one")
        with session.begin_nested():
            pass
        assert folder.find("one"), "a savepoint that is kept took it"
    assert folder.find("one") is None


def test_a_savepoint_that_is_rolled_back_keeps_it_no_longer(database, folder):
    with db.transaction() as session:
        folder.remove_after(session, "one")
        with pytest.raises(Broken), session.begin_nested():
            raise Broken
    assert folder.find("one") is None


def test_it_stays_when_all_is_rolled_back(database, folder):
    with pytest.raises(Broken), db.transaction() as session:
        folder.remove_after(session, "one")
        with session.begin_nested():
            pass
        raise Broken
    assert folder.find("one")


def test_a_later_transaction_of_the_session_does_not_take_it(database, folder):
    with db.transaction() as session:
        session.connection()
        folder.remove_after(session, "one")
        session.rollback()
        session.connection()
        session.commit()
        assert folder.find("one")
