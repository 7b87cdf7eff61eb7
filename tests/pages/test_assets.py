"""Static files are kept for ever under their hash and travel compressed; pages do neither."""

import gzip
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def test_a_static_file_travels_compressed(client):
    plain = client.get("/static/union.css", buffered=True)
    packed = client.get("/static/union.css", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2


def test_a_page_is_never_compressed(client):
    assert "Content-Encoding" not in client.get("/about", headers={"Accept-Encoding": "gzip"}).headers


def test_a_versioned_file_is_kept_and_an_unversioned_one_asked_for_again(client):
    assert "immutable" in client.get("/static/union.css?v=1", buffered=True).headers["Cache-Control"]
    assert client.get("/static/union.css", buffered=True).headers["Cache-Control"] == "no-cache"


def test_a_font_is_left_as_it_is(client):
    page = client.get("/static/fonts/none.woff2", headers={"Accept-Encoding": "gzip"})
    assert page.status_code == 404
    assert "Content-Encoding" not in page.headers


PAGES = sorted(p for p in (ROOT / "union").rglob("templates/**/*.html") if p.name != "styleguide.html")


def unattended(template):
    """Tell whether a page asks for fresh numbers and brings nobody to fetch them."""
    return "{% extends" in template and "data-live-url" in template and "live.mjs" not in template


@pytest.mark.parametrize("path", PAGES, ids=lambda path: "/".join(path.parts[-2:]))
def test_whoever_promises_fresh_numbers_brings_the_script(path):
    assert not unattended(path.read_text())


def test_planted_fault_a_page_without_the_script_is_seen():
    assert unattended('{% extends "web/base.html" %}<div data-live-url="/x.json"></div>')
