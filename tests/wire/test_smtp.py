"""Email over a real SMTP server: what a mail looks like, what a refusal means, what stays in doubt."""

import socketserver
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.wire import mailbox
from union.notify.channels.base import Accepted, Ambiguous, Message, Refused, Retry
from union.notify.channels.smtp_email import SmtpEmail, marked
from union.notify.rules.kinds import Lane
from union.notify.testing import smtp_server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def mail(to="anna@example.org", *, row=7, subject="Hello", body="One line\n", url=None):
    return Message(
        id=row, attempt=1, to=to, subject=subject, body=body, lane=Lane.NEWS, language="nl",
        expires_at=NOW + timedelta(hours=1), validity=600, unsubscribe_url=url,
    )  # fmt: skip


@pytest.fixture(params=[False, True], ids=["one by one", "pipelined"])
def box(request):
    with mailbox.running(at_once=request.param) as (found, address):
        found.address = address
        yield found


@pytest.fixture
def smtp(box):
    made = SmtpEmail(box.address, sender="union@example.org", name_shown="Datavakbond Één")
    yield made
    made.close()


def test_a_mail_arrives_whole(box, smtp):
    body = "Dag Anna,\n\n.een punt\n..\nÉén lange regel " + "x" * 2000 + " €5 = vijf\nFrom hier\n"
    answer = smtp.send(mail(subject="Stemming: één week over", body=body, url="https://u.example/u/tok"), NOW)
    assert answer == Accepted(f"{marked('7-1')}@example.org")
    [(sender, to, raw)] = box.mails
    [found] = box.parsed
    assert (sender, to) == ("union@example.org", ["anna@example.org"])
    assert found.get_content().replace("\r\n", "\n") == body
    assert found["Subject"] == "Stemming: één week over"
    assert found["From"] == "union@example.org"
    assert found["Message-ID"] == f"<{marked('7-1')}@example.org>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Content-Language"] == "nl"
    assert b"\r\nList-Unsubscribe: <https://u.example/u/tok>\r\n" in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert found.get_content_type() == "text/plain"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert not found.defects


def test_who_it_is_from_shows_only_to_those_who_asked(box, smtp):
    smtp.send(mail(), NOW)
    smtp.send(mail()._replace(named=True), NOW)
    assert [str(found["From"]) for found in box.parsed] == [
        "union@example.org",
        "Datavakbond Één <union@example.org>",
    ]


def test_a_shown_name_that_the_operator_chose_is_everybody_s(box):
    smtp = SmtpEmail(box.address, sender="Berichten <union@example.org>", name_shown="Datavakbond")
    smtp.send(mail(), NOW)
    smtp.close()
    assert str(box.parsed[0]["From"]) == "Berichten <union@example.org>"


def test_the_return_path_says_which_mail_came_back(box):
    smtp = SmtpEmail(box.address, sender="union@example.org", return_to="bounces@post.example")
    smtp.send(mail(row=7), NOW)
    smtp.send(mail(row=8), NOW)
    smtp.close()
    assert [sender for sender, _, _ in box.mails] == [
        f"bounces+{marked('7-1')}@post.example",
        f"bounces+{marked('8-1')}@post.example",
    ]
    assert box.connections == 1


def test_a_server_that_closes_in_the_middle_took_nothing(box, smtp):
    box.refuse["busy@example.org"] = "421 4.3.2 shutting down"
    assert smtp.send(mail("busy@example.org"), NOW) == Retry(5.0, "smtp 421")
    assert not box.mails
    assert isinstance(smtp.send(mail(), NOW), Accepted)
    assert len(box.mails) == 1


def test_a_sign_in_mail_has_no_unsubscribe_header(box, smtp):
    smtp.send(mail(), NOW)
    assert box.parsed[0]["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    "evil", ["Hi\r\nBcc: all@example.org", "Hi\nBcc: all@example.org", "Hi\r\n\r\nbody", "a\x00b"]
)
def test_no_value_starts_another_header(box, smtp, evil):
    assert isinstance(smtp.send(mail(subject=evil), NOW), Accepted)
    [(_, to, raw)] = box.mails
    [found] = box.parsed
    assert to == ["anna@example.org"]
    assert found["Bcc"] is None
    assert found.get_content().replace("\r\n", "\n") == "One line\n"
    assert b"\x00" not in raw


@pytest.mark.parametrize(
    "to",
    [
        "a@b.org>\r\nRCPT TO:<x@y.org",
        "a b@c.org",
        "a@b@c.org",
        "plain",
        "ä@b.org",
        "",
        "a@b.org,c@d.org",
        "x" * 250 + "@b.org",
    ],
)
def test_an_address_that_could_speak_smtp_is_refused(box, smtp, to):
    assert isinstance(smtp.send(mail(to), NOW), Refused)
    assert not box.mails


def test_a_domain_in_other_letters_is_written_for_every_server(box, smtp):
    assert isinstance(smtp.send(mail("anna@münchen.example"), NOW), Accepted)
    [(_, [to], text)] = box.mails
    assert to == "anna@xn--mnchen-3ya.example"
    assert b"To: anna@xn--mnchen-3ya.example\r\n" in text
    assert smtp.send(mail("änna@example.org"), NOW) == Refused("smtp 553 5.1.3")
    assert len(box.mails) == 1


def test_one_connection_carries_many(box, smtp):
    for k in range(50):
        assert isinstance(smtp.send(mail(f"m{k}@example.org", row=k), NOW), Accepted)
    assert len(box.mails) == 50
    assert box.connections == 1


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("550 5.1.1 no such user", Refused),
        ("552 5.2.2 full", Refused),
        ("451 4.7.1 later", Retry),
        ("450 greylisted", Retry),
    ],
)
def test_a_refused_recipient_does_not_spoil_the_next(box, smtp, told, kind):
    box.refuse["bad@example.org"] = told
    answer = smtp.send(mail("bad@example.org"), NOW)
    assert isinstance(answer, kind)
    assert answer.code.startswith(f"smtp {told[:3]}")
    assert isinstance(smtp.send(mail(), NOW), Accepted)
    assert box.connections == 1


@pytest.mark.parametrize(
    "told", ["550 5.1.1 <bad@example.org>: User unknown", "450 4.2.0 <bad@example.org>: Greylisted"]
)
def test_what_a_server_says_about_an_address_is_not_kept(box, smtp, told):
    """A code stands in the database in clear, and servers repeat whom they refuse."""
    box.refuse["bad@example.org"] = told
    assert smtp.send(mail("bad@example.org"), NOW).code == f"smtp {told[:9]}"


@pytest.mark.parametrize(("told", "kind"), [("554 5.7.1 spam", Refused), ("452 4.3.1 no space", Retry)])
def test_a_refused_text(box, smtp, told, kind):
    box.next_text.append(told)
    assert isinstance(smtp.send(mail(), NOW), kind)
    assert not box.mails
    assert isinstance(smtp.send(mail(), NOW), Accepted)


@pytest.mark.parametrize("fault", ["take and drop", "drop"])
def test_a_lost_answer_after_the_text_is_in_doubt(box, smtp, fault):
    box.next_text.append(fault)
    assert isinstance(smtp.send(mail(), NOW), Ambiguous)
    assert len(box.mails) == (1 if fault == "take and drop" else 0)
    assert isinstance(smtp.send(mail(), NOW), Accepted), "the next mail opens a new connection"
    assert box.connections == 2


def in_turn(smtp, *mails, clock=lambda: NOW):
    return list(smtp.send_all(iter(mails), clock))


def test_mails_in_turn_each_have_their_own_answer(box, smtp):
    box.refuse["bad@example.org"] = "550 5.1.1 no such user"
    box.next_text += ["250 kept", "554 5.7.1 spam"]
    people = ["a@example.org", "b@example.org", "bad@example.org", "no address", "c@example.org"]
    answers = in_turn(smtp, *(mail(to, row=k) for k, to in enumerate(people)))
    assert [type(one) for one in answers] == [Accepted, Refused, Refused, Refused, Accepted]
    assert [to for _, to, _ in box.mails] == [["c@example.org"]], "the planned answers keep nothing"
    assert box.connections == 1
    assert isinstance(smtp.send(mail(), NOW), Accepted), "the line carries the next"
    assert box.connections == 1


@pytest.mark.parametrize("fault", ["take and drop", "drop"])
def test_a_line_lost_in_turn_leaves_one_mail_in_doubt_and_sends_the_others_once(box, smtp, fault):
    box.next_text.append(fault)
    answers = in_turn(smtp, *(mail(f"m{k}@example.org", row=k) for k in range(4)))
    assert [type(one) for one in answers] == [Ambiguous, Accepted, Accepted, Accepted]
    kept = [to for _, [to], _ in box.mails]
    assert sorted(kept)[-3:] == ["m1@example.org", "m2@example.org", "m3@example.org"]
    assert len(kept) == len(set(kept)) == (4 if fault == "take and drop" else 3)


def test_one_that_comes_too_late_while_the_server_lets_us_wait_does_not_go(box, smtp):
    late = mail("late@example.org", row=8)._replace(expires_at=NOW)
    answers = in_turn(smtp, mail(row=7), late, mail(row=9))
    assert [type(one) for one in answers] == [Accepted, Refused, Accepted]
    assert answers[1].expired
    assert all(to == ["anna@example.org"] for _, to, _ in box.mails)


def test_mails_nobody_asks_answers_for_any_more_are_not_sent(box, smtp):
    answers = smtp.send_all(iter([mail("m0@example.org"), mail("m1@example.org", row=8)]), lambda: NOW)
    next(answers)
    answers.close()
    assert isinstance(smtp.send(mail(row=9), NOW), Accepted)
    assert [to for _, [to], _ in box.mails] == ["m0@example.org", "anna@example.org"]


class Stubborn(socketserver.StreamRequestHandler):
    """Refuses the first recipient and asks for the text all the same, as RFC 2920 3.1 allows."""

    def handle(self):
        refused = False
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb = line[:4].strip().upper()
            self.server.heard.append(line)
            if verb == b"EHLO":
                self.wfile.write(b"250-here\r\n250 PIPELINING\r\n")
            elif verb == b"RCPT" and not refused:
                refused = True
                self.wfile.write(b"550 5.1.1 no such user\r\n")
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = [self.rfile.readline()]
                while text[-1] != b".\r\n":
                    text.append(self.rfile.readline())
                self.server.texts.append(text)
                self.wfile.write(b"554 nobody\r\n" if len(text) == 1 else b"250 kept\r\n")
            else:
                self.wfile.write(b"250 fine\r\n")


def test_a_text_asked_for_after_a_refusal_is_empty():
    with socketserver.TCPServer(("127.0.0.1", 0), Stubborn) as server:
        server.heard, server.texts = [], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        smtp = SmtpEmail(f"smtp://127.0.0.1:{server.server_address[1]}", sender="union@example.org")
        answers = [smtp.send(mail(), NOW), smtp.send(mail(), NOW)]
        smtp.close()
        server.shutdown()
        thread.join()
    assert isinstance(answers[0], Refused)
    assert isinstance(answers[1], Accepted)
    assert server.texts[0] == [b".\r\n"], "nobody gets anything of the refused mail"
    assert len(server.texts) == 2


def test_nobody_there_is_provably_unsent():
    smtp = SmtpEmail("smtp://127.0.0.1:9", sender="union@example.org")
    assert smtp.send(mail(), NOW) == Retry(5.0, "connect")
    smtp.close()


def test_a_line_the_server_closed_while_idle_is_replaced(box, smtp):
    smtp.send(mail(), NOW)
    line = smtp._idle.get_nowait()
    line._server.docmd("QUIT")
    smtp._idle.put(line)
    assert isinstance(smtp.send(mail(), NOW), Accepted)
    assert len(box.mails) == 2


def test_no_password_goes_over_an_open_line(monkeypatch):
    monkeypatch.setattr("union.notify.channels.smtp_email._loopback", lambda _host: False)
    with mailbox.running() as (found, address):
        smtp = SmtpEmail(address.replace("smtp://", "smtp://user:secret@"), sender="u@example.org")
        assert isinstance(smtp.send(mail(), NOW), Retry)
        assert not found.mails
        smtp.close()


@pytest.mark.parametrize("url", ["127.0.0.1:25", "http://x", "smtp://"])
def test_an_address_that_is_no_relay_is_named(url):
    with pytest.raises(ValueError, match="smtp://"):
        SmtpEmail(url, sender="a@b.org")


def test_the_small_server_keeps_mails_as_files(tmp_path):
    with smtp_server.running(tmp_path / "mails") as server:
        smtp = SmtpEmail(server.url, sender="union@example.org")
        assert isinstance(smtp.send(mail(body="one\n.two\n"), NOW), Accepted)
        assert isinstance(smtp.send(mail("simulate-hard@example.org"), NOW), Refused)
        assert isinstance(smtp.send(mail("simulate-soft@example.org"), NOW), Retry)
        assert isinstance(smtp.send(mail("b@example.org"), NOW), Accepted)
        smtp.close()
    kept = sorted((tmp_path / "mails").glob("*.eml"))
    assert len(kept) == 2
    assert (
        kept[0]
        .read_bytes()
        .startswith(b"X-Envelope-From: union@example.org\r\nX-Envelope-To: anna@example.org\r\n")
    )
    assert b"one\r\n.two" in kept[0].read_bytes()
