"""What mail servers send back, in the shapes they really write: read, believed by our mark only."""

import base64
import re
from pathlib import Path

import pytest

from union.notify.channels.smtp_email import mark_of, marked
from union.notify.rules.bounces import Verdict, read

SHAPES = Path(__file__).parent / "bounces"


def shape(name, key="7-1"):
    return (SHAPES / f"{name}.eml").read_text().replace("MARK", marked(key)).encode()


def ours(key, mark):
    return mark_of(key) == mark


@pytest.mark.parametrize(
    ("name", "verdict", "code"),
    [
        ("postfix", Verdict.HARD, "smtp 550 5.1.1"),
        ("postfix-delayed", Verdict.DELAYED, "smtp 450 4.4.1"),
        ("postfix-full", Verdict.SOFT, "smtp 552 5.2.2"),
        ("exim", Verdict.HARD, "smtp 550 5.1.1"),
        ("exchange", Verdict.HARD, "smtp 550 5.1.10"),
        ("gmail", Verdict.HARD, "smtp 550 5.1.1"),
        ("complaint", Verdict.COMPLAINT, "complaint"),
    ],
)
def test_every_shape_is_read(name, verdict, code):
    found = read(shape(name), ours)
    assert (found.outbox_id, found.attempt, found.verdict) == (7, 1, verdict)
    assert found.code.startswith(code)
    assert found.code.isprintable()
    assert len(found.code) <= 100


REPORT = """Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; anna@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.org>: no such user
"""


def report(body, kind="message/delivery-status", encoding="7bit"):
    """A report about a mail of ours in its shortest form."""
    return (
        f"From: MAILER-DAEMON@mail.example.org\nTo: bounces+MARK@union.example\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
        f"--B\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n{body}\n--B--\n"
    ).encode()


@pytest.mark.parametrize(
    "raw",
    [
        report(REPORT),
        report(REPORT.replace("rfc822;", "utf-8;").replace("no such", "geen zo’n"), "message/global-delivery-status", "8bit"),
        report(base64.b64encode(REPORT.encode()).decode(), encoding="base64"),
        report(REPORT.replace("no such user", "no such=20user"), encoding="quoted-printable"),
        report(REPORT, encoding="base64"),
        report(REPORT.replace("\n\n", "\n")),
        report(REPORT.replace("failed", "Failed (bad destination mailbox)")),
        report(REPORT.replace("Action: failed", "Action: delayed") + "\n" + REPORT.partition("\n\n")[2]),
        report(REPORT.replace("Action: failed", "Action: relayed") + "\n" + REPORT.partition("\n\n")[2]),
    ],
    ids=["plain", "UTF-8", "base64", "quoted", "not what it says", "one group", "comment", "late then lost", "two"],
)  # fmt: skip
def test_a_failure_is_read_however_it_is_written(raw):
    found = read(raw.replace(b"MARK", marked("7-1").encode()), ours)
    assert (found.outbox_id, found.verdict, found.code) == (7, Verdict.HARD, "smtp 550 5.1.1")


@pytest.mark.parametrize("action", ["relayed", "delivered", "expanded", "", "lost"])
def test_good_news_is_no_bounce(action):
    raw = report(REPORT.replace("failed", action)).replace(b"MARK", marked("7-1").encode())
    assert read(raw, ours) is None


@pytest.mark.parametrize("name", ["postfix", "postfix-full", "exim", "exchange", "gmail"])
def test_what_is_kept_of_a_report_tells_no_address(name):
    told = (SHAPES / f"{name}.eml").read_text()
    assert "anna@example.org" in told
    assert re.fullmatch(r"smtp \d{3} \d\.\d+\.\d+", read(shape(name), ours).code)


def test_windows_line_ends_change_nothing():
    assert read(shape("gmail").replace(b"\n", b"\r\n"), ours).verdict is Verdict.HARD


def test_an_answer_from_a_person_is_no_bounce():
    assert read(shape("out-of-office"), ours) is None


@pytest.mark.parametrize("name", ["postfix", "exim", "exchange", "gmail", "complaint"])
def test_a_report_without_our_mark_is_not_believed(name):
    forged = (SHAPES / f"{name}.eml").read_text()
    assert read(forged.replace("MARK", "7-1.0123456789abcdef").encode(), ours) is None
    assert read(forged.replace("MARK", "7-1").encode(), ours) is None
    assert read(forged.replace("MARK", marked("8-1").replace("8-1", "7-1")).encode(), ours) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n",
        b"Content-Type: multipart/report; boundary=x\n\n--x--\n",
        b"A: b\n" * 5000,
    ],
)
def test_nonsense_is_nothing(raw):
    assert read(raw, ours) is None


def test_a_report_that_is_cut_off_is_read_as_far_as_it_goes():
    whole = shape("postfix")
    for length in range(0, len(whole), 97):
        found = read(whole[:length], ours)
        assert found is None or found.outbox_id == 7
