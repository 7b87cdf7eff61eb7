"""Mail that comes back is anybody's: it is read in bounded time, breaks nothing, and speaks of no other's mail."""

import subprocess
import sys
import time

import pytest

from tests.wire.test_bounces import REPORT, ours, report
from union.notify.channels.smtp_email import mark_of, marked
from union.notify.rules.bounces import LONGEST, read

TO = b"To: bounces+MARK@union.example\n"
MB = 1 << 20
TIMES = 6
"""How many times the seconds of the largest honest report: about five hundred recipients."""


def nested(depth):
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return TO + deep.encode()


def bombs():
    status = b"--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n"
    return {
        "nothing": b"",
        "zeros": bytes(MB),
        "huge": TO + b"\n" + b"x" * (30 * MB),
        "multipart in multipart": nested(1000),
        "multipart in multipart, deeper": nested(20_000),
        "mail in mail": TO + b"Content-Type: message/rfc822\n\n" * 5_000,
        "report in report": TO + b"Content-Type: message/delivery-status\n\n" * 5_000,
        "parts": TO + b'Content-Type: multipart/mixed; boundary="b"\n\n' + status * 5_000 + b"--b--\n",
        "recipients": report("\n\n".join(["Action: failed\nStatus: 5.1.1"] * 50_000)),
        "headers": TO * 50_000 + b"\n",
        "a folded header": b"To: a" + b"\n a" * 100_000 + b"\n\n",
        "a boundary in pieces": TO + b"Content-Type: multipart/mixed; " + b"boundary*1=b;" * 20_000 + b"\n\n",
        "a piece without end": TO + b"Content-Type: multipart/mixed; boundary*" + b"9" * 5_000 + b"=b\n\n",
        "empty lines": TO + b"From: postmaster\nContent-Type: text/plain\n\n" + b" \n" * 100_000,
        "a status without end": report(REPORT.replace("5.1.1", f"5.{'1' * 5_000}.1")),
        "no boundary": TO + b"Content-Type: multipart/report\n\nx",
        "an encoding that is none": report("!!!!", encoding="base64"),
        "uuencode cut off": TO
        + b"Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin 6 x\nM\xff\n",
        "a charset that is none": TO
        + b"From: postmaster\nContent-Type: text/plain; charset=\xff\n\n5.1.1 \xff",
        "words encoded badly": TO + b"From: =?nonsense?B?////?=\nReturn-Path: <>\n\n5.1.1 no",
    }


def seconds(raw):
    began = time.process_time()
    read(raw.replace(b"MARK", marked("7-1").encode()), ours)
    return time.process_time() - began


@pytest.mark.parametrize("name", bombs())
def test_it_is_read_in_the_time_of_honest_ones(name):
    honest = report("\n\n".join([REPORT.partition("\n\n")[2]] * 500))
    assert seconds(bombs()[name]) <= TIMES * max(seconds(honest), seconds(honest))


class TestForged:
    """Only who saw the mark of a mail of ours can speak of that mail."""

    @pytest.mark.parametrize("key", ["8-1", "7-2", "07-1", "70-1", "7-01"])
    def test_a_mark_is_good_for_its_own_mail_alone(self, key):
        mail = report(REPORT).replace(b"MARK", f"{key}.{mark_of('7-1')}".encode())
        assert read(mail, ours) is None

    def test_a_second_mail_named_beside_ones_own_is_not_believed(self):
        mail = report(REPORT).replace(b"MARK", f"8-1.{mark_of('7-1')}@u, <{marked('7-1')}".encode())
        assert read(mail, ours).outbox_id == 7
        mail = report(REPORT).replace(b"MARK", marked("7-1").encode())
        mail = mail.replace(b"From:", f"Message-ID: <8-1.{'0' * 16}@u>\nFrom:".encode())
        assert read(mail, ours).outbox_id == 7

    @pytest.mark.parametrize("put", ["\n X-Evil: 1", "\r\n\r\nX-Evil: 1", "\x1b[2J", "\0", "\u2028x"])
    def test_nothing_of_a_report_but_numbers_is_kept(self, put):
        mail = report(
            REPORT.replace("smtp; 550", f"smtp; 550 {put}"), "message/global-delivery-status", "8bit"
        )
        found = read(mail.replace(b"MARK", marked("7-1").encode()), ours)
        assert found.code == "smtp 550 5.1.1"


class TestTheCommand:
    """As its own program: how much it holds of a mail of a gigabyte, and whether it reads it to the end."""

    PROGRAM = (
        "import resource, sys\n"
        "from union.notify import cli\n"
        "[(raw, done)] = cli._mails('-')\n"
        "print(len(raw), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def held(self, megabytes):
        with subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as run:
            for _ in range(megabytes):
                run.stdin.write(bytes(MB))
            run.stdin.close()
            said = run.stdout.read().split()
        assert run.returncode == 0
        return [int(one) for one in said]

    def test_a_mail_of_half_a_gigabyte(self):
        (_, small), (read_of_it, large) = self.held(1), self.held(512)
        assert read_of_it == LONGEST
        assert large <= 1.25 * small
