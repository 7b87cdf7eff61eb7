"""Mail that came back: hard ones mark the address, soft ones count, complaints opt out, forged ones do nothing."""

import io
import mailbox
import os
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import NOW
from tests.rooms.notify.conftest import WHO, rows, write
from tests.wire import mailbox as smtp_box
from tests.wire.bombs import MB
from tests.wire.test_bounce_bombs import nested
from tests.wire.test_bounces import shape
from union.cli import main
from union.core import db
from union.core.actor import SYSTEM
from union.core.settings import Settings
from union.members import service as members
from union.members.service.people import tell_bounced
from union.notify import jobs, queries
from union.notify import service as notify
from union.notify.channels.smtp_email import SmtpEmail, mark_of, marked
from union.notify.rules.bounces import Bounce, Verdict, read
from union.notify.rules.kinds import Channel, Lane
from union.notify.service.bounces import SOFT_LIMIT


@pytest.fixture
def sent(database, hand):
    """Three mails that a relay took, and what it got."""
    with smtp_box.running() as (box, address):
        route = SmtpEmail(address, sender="union@union.example", return_to="bounces@union.example")
        write(3, channel=Channel.EMAIL, lane=Lane.NEWS)
        jobs.deliver_due((route,), WHO, clock=hand)
        route.close()
        yield box


COUNT = count()


def back(name, row, *, now=NOW, attempt=1):
    found = read(shape(name, f"{row.id}-{attempt}"), lambda key, mark: mark_of(key) == mark)
    with db.transaction() as session:
        return notify.take_bounce(session, now=now, bounce=found)


def again(n=1, first=0, **facts):
    """Write to the same address once more and return the row."""
    [one] = write(n, first=first, channel=Channel.EMAIL, ref=f"again:{next(COUNT)}", **facts)
    return next(row for row in rows() if row.id == one)


def test_what_a_relay_got_can_come_back(sent):
    keys = {sender.partition("+")[2].partition("@")[0] for sender, _, _ in sent.mails}
    assert keys == {marked(f"{row.id}-1") for row in rows()}


def test_a_hard_bounce_marks_the_address(sent):
    first, *_ = rows()
    assert back("postfix", first) is Verdict.HARD
    assert rows()[0].state == "failed"
    assert rows()[0].error_code.startswith("smtp 550 5.1.1")
    assert again(lane=Lane.NEWS).error_code == "bad_address"
    assert again(lane=Lane.BALLOT).error_code == "bad_address"
    assert again(lane=Lane.LOGIN).state == "created", "who asks for a link may have mended it"
    assert again(first=1).state == "created"
    with db.reading() as session:
        assert queries.fails(session, member_id="m0")
        assert not queries.fails(session, member_id="m1")


def test_told_twice_counts_once_and_a_delay_is_none(sent):
    first, second, _ = rows()
    assert back("postfix-delayed", first) is Verdict.DELAYED
    assert rows()[0].state == "accepted"
    for _ in range(9):
        assert back("postfix-full", second) is Verdict.SOFT
    assert again(first=1).state == "created"


def test_a_mailbox_that_stays_full_is_given_up(sent):
    for n in range(SOFT_LIMIT):
        assert again().state == "created"
        verdict = back("postfix-full", again(), now=NOW + timedelta(days=2 * n))
    assert verdict is Verdict.HARD
    assert again().error_code == "bad_address"


def test_a_complaint_ends_campaign_mail_and_keeps_ballots(sent):
    first, *_ = rows()
    assert back("complaint", first) is Verdict.COMPLAINT
    assert again(lane=Lane.NEWS).error_code == "opted_out"
    assert again(lane=Lane.BALLOT).state == "created"


def test_a_sign_in_by_mail_shows_that_it_works_again(sent):
    back("gmail", rows()[0])
    with db.transaction() as session:
        notify.works_again(session, channel=Channel.EMAIL, to="m0@example.org")
    assert again().state == "created"


def test_a_report_about_no_mail_of_ours_does_nothing(sent):
    with db.transaction() as session:
        bounce = Bounce(999_999, 1, Verdict.HARD, "smtp 550")
        assert notify.take_bounce(session, now=NOW, bounce=bounce) is Verdict.UNKNOWN
    write(1, ref="text")
    text = rows(channel="sms")[0]
    with db.transaction() as session:
        bounce = Bounce(text.id, 1, Verdict.HARD, "smtp 550")
        assert notify.take_bounce(session, now=NOW, bounce=bounce) is Verdict.UNKNOWN


def test_the_member_is_told_by_text_once(database, hand):
    with db.transaction() as session:
        one = members.create_member(
            session, actor=SYSTEM, name="Anna", address="anna@example.org", phone="+31612345678", now=NOW,
            language="nl",
        )  # fmt: skip
    with db.transaction() as session:
        made = notify.enqueue(
            session, now=NOW, ref="r", kind="k", member_id=one, channel=Channel.EMAIL, to="anna@example.org",
            language="nl", zone="Europe/Amsterdam", template="notify/test", fields={"when": "nu"},
            expires_at=NOW + timedelta(hours=1), lane=Lane.NEWS,
        )  # fmt: skip
        notify.take_bounce(session, now=NOW, bounce=Bounce(made, 1, Verdict.HARD, "smtp 550 5.1.1"))
        assert tell_bounced(session, now=NOW, site="https://union.example") == 1
        assert tell_bounced(session, now=NOW, site="https://union.example") == 0
    [told] = rows(channel="sms")
    assert (told.kind, told.member_id, told.language) == ("bounced", one, "nl")


@pytest.fixture
def command(database, settings, monkeypatch):
    """`union notify bounces`, on the test's own database."""
    monkeypatch.setattr("union.cli.Settings.from_environment", classmethod(lambda _cls: settings))
    monkeypatch.setattr("union.core.opening.db.install", lambda _database: None)
    monkeypatch.setattr("union.core.opening.sealing.install", lambda _vault: None)

    def run(*arguments, given=b""):
        return CliRunner().invoke(main, ["notify", "bounces", *arguments], input=io.BytesIO(given).read())

    assert isinstance(settings, Settings)
    return run


def test_a_relay_pipes_it_in(sent, command):
    done = command(given=shape("gmail", f"{rows()[0].id}-1"))
    assert (done.exit_code, done.output.split()) == (0, ["1", "hard"])
    assert rows()[0].state == "failed"
    assert command("-", given=b"Subject: hello\n\nhi").exit_code == 1


def test_a_maildir_is_emptied_of_what_is_understood(sent, command, tmp_path):
    box = mailbox.Maildir(tmp_path / "bounces")
    for name, row in zip(("exim", "exchange"), rows(), strict=False):
        box.add(shape(name, f"{row.id}-1"))
    box.add(b"Subject: hello\n\nA person writes.")
    done = command(str(tmp_path / "bounces"))
    assert done.exit_code == 0, done.output
    assert [row.state for row in rows()] == ["failed", "failed", "accepted"]
    assert [mail.get_payload() for mail in mailbox.Maildir(tmp_path / "bounces")] == ["A person writes."]
    assert command(str(tmp_path / "bounces")).output == "", "what a person must read is read once"


def test_a_file_and_nothing_at_all(sent, command, tmp_path):
    file = Path(tmp_path / "one.eml")
    file.write_bytes(shape("postfix", f"{rows()[0].id}-1"))
    assert command(str(file)).exit_code == 0
    assert "no file" in command(str(tmp_path / "missing")).output


@pytest.fixture
def box(tmp_path):
    """A Maildir in which mails that break readers lie before an honest one, and one is still being written."""
    mailbox.Maildir(tmp_path / "box")
    new = tmp_path / "box" / "new"
    for n, content in enumerate(
        (nested(1000), b"Subject: x\n\n" + b"x" * MB, b"Subject: hello\n\nA person.")
    ):
        (new / f"{n}.mail").write_bytes(content)
    (new / ".half").write_bytes(b"To: ")
    return tmp_path / "box"


def test_a_mail_that_breaks_readers_holds_up_no_other(box, sent, command):
    (box / "new" / "9.mail").write_bytes(shape("exim", f"{rows()[0].id}-1"))
    done = command(str(box))
    assert (done.exit_code, done.output.split()) == (0, ["1", "hard", "3", "unknown"])
    assert [mail.name for mail in (box / "new").iterdir()] == [".half"]
    assert sorted(mail.name for mail in (box / "cur").iterdir()) == [f"{n}.mail:2,S" for n in range(3)]
    assert command(str(box)).output == ""


def test_a_pipe_is_no_file(command, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = command(str(tmp_path / "pipe"))
    assert (done.exit_code, "is no file" in done.output) == (1, True)
