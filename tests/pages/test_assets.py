"""Static files are kept for ever under their hash and travel compressed; pages do neither."""

import gzip


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
