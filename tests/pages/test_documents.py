"""PDF files of reports, agreements and letters: read back by poppler, which knows nothing of how they were made."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from pypdf import PdfReader

from tests.factories import ballots as make
from tests.pages.test_ballots import written
from tests.reading_pdf import packed, text_of
from tests.rooms.ballots.test_ranked import GRADE, RANK, SEATS, whole
from union.audit import queries as audit
from union.ballots import service
from union.core import db
from union.press import printed
from union.press.reading import Heading, blocks_of
from union.web import documents


def concluded(now, **facts):
    return written(lambda s: make.make_concluded_ballot(s, now, **facts))


@pytest.fixture
def real():
    return make.real_now()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_report_as_file_says_what_its_page_says(client, real, tmp_path, language):
    hand = concluded(real - timedelta(days=8))
    with db.reading() as session:
        ballot = make.row(session, hand)
        facts = [f"{ballot.uuid}.bel", ballot.fingerprint, ballot.head, ballot.roll_hash, ballot.title]
    page = client.get(f"/ballots/{hand.slug}/report?lang={language}").get_data(as_text=True)
    assert f'href="/ballots/{hand.slug}/report.pdf?lang={language}"' in page
    got = client.get(f"/ballots/{hand.slug}/report.pdf?lang={language}")
    assert got.mimetype == "application/pdf"
    assert "attachment" in got.headers["Content-Disposition"]
    text = text_of(got.data, tmp_path)
    assert [fact for fact in facts if packed(fact) not in packed(text)] == []
    for block in blocks_of(page):
        if isinstance(block, Heading):
            assert packed(block.text) in packed(text), block
    word = {"en": "Scrutineer: name", "nl": "Teller: naam"}[language]
    assert word in text
    assert "1/" in packed(text)
    for frame in ("Sign in", "Download as PDF", "same bytes"):
        assert frame not in text
    found = PdfReader(tmp_path / "read.pdf")
    assert found.trailer["/Root"]["/Lang"] == language
    assert len(found.outline) >= 1


def test_the_file_is_the_same_for_everybody_in_every_process(client, sign_in, real, app):
    hand = concluded(real - timedelta(days=8))
    url = f"/ballots/{hand.slug}/report.pdf?lang=en"
    first = client.get(url).data
    sign_in(client, hand.organizer)
    assert client.get(url).data == first
    printed.cache_clear()
    assert client.get(url).data == first
    assert client.get(url.replace("en", "nl")).data != first


def test_an_objection_makes_another_file(client, sign_in, real):
    hand = concluded(real - timedelta(days=8))
    url = f"/ballots/{hand.slug}/report.pdf?lang=en"
    first = client.get(url).data
    written(
        lambda s: service.raise_objection(
            s, actor=make.actor(s, hand.voters[0]), now=real, slug=hand.slug, text="Why?"
        )
    )
    assert client.get(url).data != first


def test_the_fingerprint_is_noted_in_the_log_by_an_officer_alone(client, sign_in, real):
    hand = concluded(real - timedelta(days=8))
    note = f"/ballots/{hand.slug}/report/note?lang=en"
    assert client.post(note).status_code in {303, 403}
    sign_in(client, hand.voters[0])
    assert client.post(note).status_code == 403
    sign_in(client, hand.organizer)
    button = "Note the PDF's SHA-256 in the log"
    assert button in unescape(client.get(f"/ballots/{hand.slug}/report?lang=en").text)
    assert client.post(note).status_code == 303
    digest = hashlib.sha256(client.get(f"/ballots/{hand.slug}/report.pdf?lang=en").data).hexdigest()
    with db.reading() as session:
        entry = audit.newest(session, act="ballots.note_report")[0]
    assert {**entry.facts, "as_of": ""} == {"language": "en", "sha256": digest, "as_of": ""}
    page = unescape(client.get(f"/ballots/{hand.slug}/report?lang=en").text)
    assert digest in packed(re.sub(r"<[^>]+>", "", page)), "the page names the file it gives"
    assert "Noted in the union" in page
    assert button not in page
    other = unescape(client.get(f"/ballots/{hand.slug}/report?lang=nl").text)
    assert digest not in packed(re.sub(r"<[^>]+>", "", other)), "another language is another file"
    written(
        lambda s: service.raise_objection(
            s, actor=make.actor(s, hand.voters[0]), now=real, slug=hand.slug, text="Why?"
        )
    )
    later = unescape(client.get(f"/ballots/{hand.slug}/report?lang=en").text)
    assert digest not in packed(re.sub(r"<[^>]+>", "", later)), "the report has changed since"
    assert button in later
    assert hashlib.sha256(client.get(f"/ballots/{hand.slug}/report.pdf?lang=en").data).hexdigest() != digest


def test_to_read_the_report_draws_nothing(client, real):
    hand = concluded(real - timedelta(days=8))
    printed.cache_clear()
    assert client.get(f"/ballots/{hand.slug}/report?lang=en").status_code == 200
    assert printed.cache_info().misses == 0
    for _ in range(2):
        assert client.get(f"/ballots/{hand.slug}/report.pdf?lang=en").status_code == 200
    assert (printed.cache_info().misses, printed.cache_info().hits) == (1, 1)


def test_one_document_is_drawn_at_a_time(app, monkeypatch):
    drawing, most = [], []

    def watched(asked):
        drawing.append(asked)
        most.append(len(drawing))
        file = printed(asked)
        drawing.remove(asked)
        return file

    monkeypatch.setattr(documents, "printed", watched)
    made_at = datetime(2026, 11, 1, tzinfo=UTC)

    def ask(number):
        with app.app_context():
            page = f"<article><p>{number}{' word' * 2000}</p></article>"
            return documents.document(page, title="t", language="en", made_at=made_at).sha256

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 4
    assert max(most) == 1


def test_who_waits_too_long_is_asked_to_come_back(client, real, monkeypatch):
    hand = concluded(real - timedelta(days=8))
    monkeypatch.setattr(documents, "LONGEST_WAIT", 0.01)
    with documents.DRAWING:
        refused = client.get(f"/ballots/{hand.slug}/report.pdf?lang=nl")
        assert client.get(f"/ballots/{hand.slug}/report").status_code == 200
    assert refused.status_code == 429
    assert "Probeer het over een minuut opnieuw." in refused.text
    assert client.get(f"/ballots/{hand.slug}/report.pdf?lang=nl").status_code == 200


def test_no_report_before_the_count(client, sign_in, real):
    hand = written(lambda s: make.make_open_ballot(s, real))
    assert client.get(f"/ballots/{hand.slug}/report.pdf").status_code == 303
    sign_in(client, hand.organizer)
    assert client.post(f"/ballots/{hand.slug}/report/note").status_code == 409
    draft = written(lambda s: make.make_ballot_draft(s, real))
    client.post("/sign-out")
    assert client.get(f"/ballots/{draft.slug}/report.pdf").status_code in {303, 404}


def test_counted_orders_come_with_drawing_steps_and_tables(client, now, tmp_path):
    answers = [[order, [1, 2, 3], order] for order in ([1, 2, 3, 4], [2, 1, 3, 0], [0, 0, 0, 0])]
    hand = written(lambda s: whole(s, now, questions=(RANK, GRADE, SEATS), answers=answers))
    got = client.get(f"/ballots/{hand.slug}/report.pdf?lang=en")
    text = packed(text_of(got.data, tmp_path))
    for words in ("Every two answers are compared", "2 votes count, 1 are blank.", "Majority grade"):
        assert packed(words) in text
