"""Which addresses we visit, what a page says, how two texts differ, when we come again."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.bargaining.rules import addresses, comparing, reading, watching
from union.bargaining.rules.comparing import Change
from union.bargaining.rules.watching import Seen, Trouble
from union.core.errors import Invalid

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
            "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
            "fc00::1", "fd12::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
            "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1", "2001:0:0:0:0:0:80ff:fefe",
            "nonsense", "", "127.0.0.1:80",
        ],
    )  # fmt: skip
    def test_not_public(self, address):
        assert not addresses.is_public(address)

    @pytest.mark.parametrize(
        "address",
        [
            "93.184.215.14",
            "1.1.1.1",
            "2606:4700:4700::1111",
            "2a00:1450:400e::200e",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ],
    )
    def test_public(self, address):
        assert addresses.is_public(address)

    @pytest.mark.parametrize(
        ("url", "then"),
        [
            ("https://Example.org/terms#part", "https://example.org/terms"),
            (" http://example.org ", "http://example.org/"),
            ("https://example.org:443/a?b=c", "https://example.org:443/a?b=c"),
        ],
    )
    def test_good_urls(self, url, then):
        assert addresses.check_url(url) == then

    @pytest.mark.parametrize(
        "url",
        [
            "", "example.org", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)", "https://", "https:///x",
            "https://user:pass@example.org/", "https://user@example.org/", "https://example.org:8080/", "http://example.org:443/",
            "https://example.org:x/", "https://example.org/a b", "https://example.org/\nHost: x", "https://exa\\mple.org/",
            "https://[::1/", "https://example.org/" + "a" * 500,
        ],
    )  # fmt: skip
    def test_bad_urls(self, url):
        with pytest.raises(Invalid) as refused:
            addresses.check_url(url)
        assert refused.value.field == "url"

    @given(st.text(max_size=60))
    def test_anything_is_checked_or_refused(self, text):
        try:
            good = addresses.check_url(f"https://{text}")
        except Invalid:
            return
        assert addresses.check_url(good) == good


class TestReading:
    def test_what_people_read(self):
        page = b"""<!doctype html><html><head><title>T</title><style>p{}</style></head><body><nav>Menu</nav>
        <h1>Terms</h1><p>One &amp; two.<br>Three <b>four</b></p><script>var x = "five"</script>
        <ul><li>six<li>seven</ul><noscript>eight</noscript><p>\xc3\xa9</p></body></html>"""
        assert reading.text_of(page).split("\n") == [
            "Menu",
            "Terms",
            "One & two.",
            "Three four",
            "six",
            "seven",
            "é",
        ]

    def test_layout_alone_is_no_change(self):
        one = b"<p>We may   change\n the price.</p><p>Now.</p>"
        two = b"<div class='new'><p>We may change the <i>price</i>.</p>\n\n<p>Now.</p></div>"
        assert reading.text_of(one) == reading.text_of(two)

    def test_plain_text_stays(self):
        assert reading.text_of(b"a < b\r\n\r\n c", "text/plain; charset=utf-8") == "a < b\nc"

    @pytest.mark.parametrize(
        ("page", "kind"),
        [
            ("<p>Café</p>".encode("latin-1"), "text/html; charset=ISO-8859-1"),
            (b'<meta charset="windows-1252"><p>Caf\xe9</p>', "text/html"),
            ("<p>Café</p>".encode(), 'text/html; charset="utf-8"'),
        ],
    )
    def test_letters_by_their_code(self, page, kind):
        assert reading.text_of(page, kind) == "Café"

    @pytest.mark.parametrize("name", ["hex", "zip", "punycode", "idna", "unicode_escape", "rot13", "no-such"])
    def test_odd_codes_are_read_as_utf8(self, name):
        assert reading.text_of("<p>é</p>".encode(), f"text/html; charset={name}") == "é"

    @given(
        st.binary(max_size=400), st.sampled_from(["text/html", "text/plain", "", "text/html; charset=utf-16"])
    )
    def test_any_bytes_give_text_that_can_be_stored(self, page, kind):
        text = reading.text_of(page, kind)
        assert "\x00" not in text
        text.encode()

    @pytest.mark.parametrize("bit", [b"<!--", b"<a ", b"<svg></p>", b"<script>", b"<![CDATA["])
    def test_half_a_megabyte_of_anything_takes_seconds(self, bit):
        started = time.perf_counter()
        reading.text_of(bit * (512 * 1024 // len(bit)))
        assert time.perf_counter() - started < 30


class TestComparing:
    @given(st.text(max_size=200), st.text(max_size=200))
    def test_words_give_both_texts_back(self, before, then):
        pieces = comparing.words(before, then)
        assert "".join(p.text for p in pieces if p.change in {Change.SAME, Change.ADDED}) == then
        rest = "".join(p.text for p in pieces if p.change in {Change.SAME, Change.REMOVED})
        assert rest.split() == before.split()

    texts = st.lists(st.sampled_from("abcd"), max_size=30).map("\n".join)

    @given(texts, texts, st.integers(0, 3))
    def test_lines_lose_nothing_but_gaps(self, before, then, context):
        pieces = comparing.lines(before, then, context=context)
        kept = sum(1 for p in pieces if p.change in {Change.SAME, Change.ADDED})
        assert kept + sum(p.lines for p in pieces) == len(then.splitlines())
        gone = sum(1 for p in pieces if p.change in {Change.SAME, Change.REMOVED})
        assert gone + sum(p.lines for p in pieces) == len(before.splitlines())

    def test_far_lines_are_left_out(self):
        before = "\n".join(map(str, range(100)))
        pieces = comparing.lines(before, before.replace("\n50\n", "\nfifty\n"))
        assert [p.change.value for p in pieces] == [
            "gap",
            "same",
            "same",
            "removed",
            "added",
            "same",
            "same",
            "gap",
        ]

    def test_wholly_other_long_texts_are_compared_in_seconds(self):
        started = time.perf_counter()
        comparing.lines("\n".join(map(str, range(40_000))), "\n".join(str(n * n) for n in range(40_000)))
        assert time.perf_counter() - started < 5


class TestVisits:
    @pytest.mark.parametrize(
        ("status", "trouble"),
        [(200, None), (304, None), (404, Trouble.GONE), (410, Trouble.GONE), (403, Trouble.FORBIDDEN), (401, Trouble.FORBIDDEN),
         (451, Trouble.FORBIDDEN), (429, Trouble.BUSY), (503, Trouble.BUSY), (500, Trouble.SERVER), (418, Trouble.GONE),
         (204, Trouble.SERVER)],
    )  # fmt: skip
    def test_status(self, status, trouble):
        assert watching.trouble_of(status) is trouble

    def test_every_trouble_has_words_and_a_state(self):
        assert set(watching.WHY) == set(Trouble)
        assert {watching.seen(t) for t in Trouble} <= watching.PROBLEMS
        assert watching.seen(Trouble.PRIVATE) is Seen.REFUSED

    @given(st.integers(0, 100), st.sampled_from(Trouble), st.sampled_from([6, 24, 168]))
    def test_we_come_more_rarely_while_it_fails(self, failures, trouble, hours):
        every = timedelta(hours=hours)
        planned = watching.next_visit(NOW, every, failures, trouble)
        assert NOW + every <= planned.at <= NOW + timedelta(days=7)
        assert planned.failures == failures + 1
        assert watching.next_visit(NOW, every, failures, None) == watching.Next(NOW + every, 0)
