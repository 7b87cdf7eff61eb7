"""What people wrote as a reason is sealed in the log, read by officers, and bound to the chain all the same."""

import pytest
import sqlalchemy as sa

from union.audit import queries, service
from union.audit.models import AuditEntry
from union.core.actor import SYSTEM

REASON = "Anna of the depot in Weesp is ill"


@pytest.fixture
def noted(session, now):
    service.record(
        session, actor=SYSTEM, now=now, act="a.b", subject="c/d", reason=service.Words(REASON), n=3
    )
    service.record(session, actor=SYSTEM, now=now, act="a.b", subject="c/d", n=4)
    return session


def stored(session):
    """The first entry's row as the bytes that are stored."""
    return repr(session.execute(sa.text("SELECT * FROM audit_entry ORDER BY height")).first())


def test_a_thief_reads_no_reason(noted):
    assert REASON not in stored(noted)
    assert "Weesp" not in stored(noted)
    # without the word it would stand there
    service.record(
        noted, actor=SYSTEM, now=noted.scalar(sa.select(AuditEntry.at)), act="a.b", subject="c/e", r=REASON
    )
    assert "Weesp" in repr(noted.execute(sa.text("SELECT facts FROM audit_entry ORDER BY height")).all())


def test_an_officer_reads_it_where_it_was_given(noted):
    assert [entry.facts for entry in queries.newest(noted)] == [{"n": 4}, {"n": 3, "reason": REASON}]


def test_the_same_words_leave_another_fingerprint_each_time(session, now):
    for _ in range(2):
        service.record(session, actor=SYSTEM, now=now, act="a.b", subject="c/d", reason=service.Words("ill"))
    first, second = session.scalars(sa.select(AuditEntry.facts))
    assert first["words"] != second["words"]


def test_chain_and_words_hold(noted):
    assert service.verify(noted) == 2
    assert service.verify_words(noted) == 1


def test_words_cannot_be_exchanged(noted):
    noted.execute(
        sa.update(AuditEntry).where(AuditEntry.height == 1).values(words='["0", {"reason": "fun"}]')
    )
    assert service.verify(noted) == 2
    with pytest.raises(service.Broken, match="words of entry 1"):
        service.verify_words(noted)


def test_words_can_be_forgotten_and_the_chain_holds(noted):
    noted.execute(sa.update(AuditEntry).values(words=None))
    assert (service.verify(noted), service.verify_words(noted)) == (2, 0)
    assert "reason" not in queries.newest(noted)[1].facts
