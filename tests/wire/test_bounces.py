"""What mail servers send back, in the shapes they really write: read, believed by our mark only."""

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
