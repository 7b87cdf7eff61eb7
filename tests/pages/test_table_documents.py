"""PDF files of agreements and letters: what their pages say, in their language, to the same readers."""

from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader

from tests.factories.bargaining import actor, agreement_of, make_agreement, make_table
from tests.factories.members import make_member
from tests.reading_pdf import packed, text_of
from union.bargaining import service
from union.bargaining.models import TableLetter
from union.core.db import reading, transaction
from union.press.reading import Facts, Heading, Paragraph, Signing, Table, blocks_of


@pytest.fixture
def now():
    """Browsers live in real time."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def table(database, now):
    """A table with who organizes, who sits, and a plain member."""
    with transaction() as session:
        slug, organizer, sitter = make_table(session, now=now, pledge_deadline=now + timedelta(days=7))
        plain = make_member(session, name="Pam Plain")
    return {"slug": slug, "organizer": organizer.member_id, "sitter": sitter.member_id, "plain": plain}


def agreement(table, now, state):
    with transaction() as session:
        return make_agreement(session, table["slug"], actor(session, table["sitter"]), now=now, state=state)


def letter(table, now, *, language="en", sent=False):
    """Draft an ultimatum, send it where told, and return its address."""
    with transaction() as session:
        who = actor(session, table["sitter"])
        made = service.draft_letter(
            session, actor=who, now=now, slug=table["slug"], template="ultimatum", language=language, union_name="Datavakbond"
        )  # fmt: skip
        if sent:
            service.send_letter(
                session, actor=who, now=now, letter_id=made, how="post", note="", sent_at=now, answer_on=None
            )
    return f"/bargaining/{table['slug']}/letters/{made}"


def said(page):
    """Yield every text of a page's article that a reader of paper has to find."""
    for block in blocks_of(page):
        if isinstance(block, Heading):
            yield block.text
        elif isinstance(block, Paragraph):
            yield "".join(run.text for run in block.runs)
        elif isinstance(block, Facts):
            yield from (words for term, runs in block.rows for words in (term, *(run.text for run in runs)))
        elif isinstance(block, Table):
            yield from (cell for row in block.rows for cell in row)
        elif isinstance(block, Signing):
            yield from (words for column in block.columns for words in column if words)


def missing(page, content, tmp_path):
    """Return what the page says and the file, of one sheet, does not."""
    found = packed(text_of(content, tmp_path))
    return [words for words in said(page) if packed(words) not in found]


def statuses(client, sign_in, table, *urls):
    """Return (signed out, plain member, organizer, who sits): the answers' statuses for each address."""
    found = [tuple(client.application.test_client().get(url).status_code for url in urls)]
    for who in ("plain", "organizer", "sitter"):
        sign_in(client, table[who])
        found.append(tuple(client.get(url).status_code for url in urls))
    return found


@pytest.mark.parametrize(
    ("state", "expected"),
    [("draft", [404, 404, 200, 200]), ("tentative", [404, 200, 200, 200]), ("ratified", [200] * 4)],
)
def test_an_agreement_is_given_to_those_who_may_read_its_page(client, sign_in, table, now, state, expected):
    slug = agreement(table, now, state)
    got = statuses(client, sign_in, table, f"/agreements/{slug}/print", f"/agreements/{slug}/agreement.pdf")
    assert got == [(status, status) for status in expected]


@pytest.mark.parametrize(("sent", "expected"), [(False, [303, 404, 200, 200]), (True, [303, 200, 200, 200])])
def test_a_letter_is_given_to_those_who_may_read_its_page(client, sign_in, table, now, sent, expected):
    made = letter(table, now, sent=sent)
    got = statuses(client, sign_in, table, f"{made}/print", f"{made}/letter.pdf")
    assert got == [(status, status) for status in expected]


def test_an_agreement_as_file_says_what_its_page_says(client, sign_in, table, now, tmp_path):
    slug = agreement(table, now, "tentative")
    sign_in(client, table["plain"])
    page = client.get(f"/agreements/{slug}/print?lang=nl").text
    got = client.get(f"/agreements/{slug}/agreement.pdf?lang=nl")
    assert missing(page, got.data, tmp_path) == []
    with reading() as session:
        assert agreement_of(session, slug).hash in packed(text_of(got.data, tmp_path))
    assert PdfReader(tmp_path / "read.pdf").trailer["/Root"]["/Lang"] == "en", (
        "its own language, not the reader's"
    )
    assert client.get(f"/agreements/{slug}/agreement.pdf?lang=en").data == got.data
    assert "Download as PDF" not in text_of(got.data, tmp_path)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_letter_as_file_says_what_its_page_says(client, sign_in, table, now, tmp_path, language):
    made = letter(table, now, language=language, sent=True)
    sign_in(client, table["plain"])
    page = client.get(f"{made}/print?lang=en").text
    got = client.get(f"{made}/letter.pdf?lang=en")
    assert missing(page, got.data, tmp_path) == []
    with reading() as session:
        row = session.get_one(TableLetter, made.split("/")[-1])
        assert row.hash in packed(text_of(got.data, tmp_path))
        assert [
            word for word in row.body.split() if packed(word) not in packed(text_of(got.data, tmp_path))
        ] == []
    assert PdfReader(tmp_path / "read.pdf").trailer["/Root"]["/Lang"] == language


@pytest.mark.parametrize(
    ("here", "there"),
    [("20 cents", "30 cents"), ("Explaining", "Complaining"), ("2026-12-01", "2026-12-02")],
)
def test_a_file_that_says_something_else_is_found_out(client, sign_in, table, now, tmp_path, here, there):
    slug = agreement(table, now, "tentative")
    sign_in(client, table["plain"])
    page = client.get(f"/agreements/{slug}/print").text
    content = client.get(f"/agreements/{slug}/agreement.pdf").data
    assert here in page
    assert missing(page.replace(here, there), content, tmp_path)
