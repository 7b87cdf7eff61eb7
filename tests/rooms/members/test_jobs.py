"""What the registry forgets by itself, as the scheduler calls it."""

from datetime import timedelta

from tests.factories.members import make_member
from union.core import db
from union.members import service
from union.members.jobs import JOBS
from union.members.models import Attempt, Challenge, Member


def run(now, settings):
    return {name: job(now, settings) for name, _, job in JOBS}


def test_each_job_does_its_part_once(database, now, settings):
    with db.transaction() as session:
        gone = make_member(session, state="left", at=now - timedelta(days=31))
        make_member(session, email="anna@example.org")
        service.request_sign_in(
            session, contact="anna@example.org", device="1.2.3.4", now=now, site="https://union.example"
        )
    assert run(now, settings) == {"members.forget": 0, "members.erase_who_left": 1, "members.tell_bounced": 0}
    later = now + timedelta(days=2)
    assert run(later, settings) == {
        "members.forget": 4,
        "members.erase_who_left": 0,
        "members.tell_bounced": 0,
    }
    assert run(later, settings) == {
        "members.forget": 0,
        "members.erase_who_left": 0,
        "members.tell_bounced": 0,
    }
    with db.reading() as session:
        assert session.get(Member, gone).email_hash is None
        assert session.query(Challenge).count() == session.query(Attempt).count() == 0
