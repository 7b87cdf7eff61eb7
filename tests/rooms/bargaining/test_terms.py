"""Pages of terms read from a real local site that changes, moves us into private networks, streams for ever, packs bombs."""

import gzip
import threading
import time
import zlib
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import func, select

from tests.factories.bargaining import SITE, make_table
from union.audit.models import AuditEntry
from union.bargaining import jobs, service
from union.bargaining.fetching import AGENT, PRIVATE, Failed, Visitor
from union.bargaining.fetching import visitor as configured
from union.bargaining.models import SitePace, TermsPage, TermsVersion
from union.bargaining.rules.watching import Seen, Trouble
from union.core.actor import SYSTEM
from union.core.db import transaction
from union.core.errors import Conflict, Invalid, NotAllowed
from union.core.settings import Settings
from union.notify.models import Outbox

PAGE = "<html><title>x</title><body><h1>Terms</h1><p>We pay {cents} cents.</p><p>Courts of Amsterdam.</p></body></html>"


class Site(ThreadingHTTPServer):
    """A site whose behaviour a test sets; it remembers what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        self.pages, self.asked, self.robots = {}, [], None
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        if self.path == "/robots.txt":
            if callable(self.server.robots):
                return self.server.robots(self)
            return self.answer(
                200 if self.server.robots else 404, self.server.robots or "", kind="text/plain"
            )
        page = self.server.pages.get(self.path)
        if callable(page):
            return page(self)
        return self.answer(200, page) if page is not None else self.answer(404, "gone")

    def answer(self, status, body=b"", *, kind="text/html; charset=utf-8", **headers):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site():
    server = Site()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def visitor(**facts):
    return Visitor(**{"contact": "http://localhost/about", "allow_private": True, "budget": 2.0, **facts})


def moved(to, status=302):
    return lambda h: h.answer(status, "", Location=to)


def refused(url, **facts):
    with pytest.raises(Failed) as failed:
        visitor(**facts).read(url)
    return failed.value.trouble


class TestVisiting:
    def test_a_page_is_read_in_our_name(self, site):
        site.pages["/terms"] = PAGE.format(cents=20)
        found = visitor().read(f"{site.url}/terms")
        assert found.text == "Terms\nWe pay 20 cents.\nCourts of Amsterdam."
        asked = site.asked[-1][1]
        assert asked["User-Agent"] == f"{AGENT}/1.0 (+http://localhost/about)"
        assert asked["Host"] == site.url.removeprefix("http://")
        assert "Cookie" not in asked
        assert [path for path, _ in site.asked] == ["/robots.txt", "/terms"]

    def test_a_page_that_did_not_change_is_not_sent_again(self, site):
        def page(h):
            same = (
                h.headers.get("If-None-Match") == '"one"' or h.headers.get("If-Modified-Since") == "yesterday"
            )
            h.answer(304) if same else h.answer(200, "<p>x</p>", ETag='"one"', Last_Modified="yesterday")

        site.pages["/terms"] = page
        first = visitor().read(f"{site.url}/terms")
        assert (first.text, first.etag, first.last_modified) == ("x", '"one"', "yesterday")
        assert visitor().read(f"{site.url}/terms", etag=first.etag).text is None
        assert visitor().read(f"{site.url}/terms", last_modified=first.last_modified).text is None

    @pytest.mark.parametrize(
        ("status", "trouble"),
        [
            (403, Trouble.FORBIDDEN),
            (404, Trouble.GONE),
            (410, Trouble.GONE),
            (429, Trouble.BUSY),
            (500, Trouble.SERVER),
        ],
    )
    def test_refusals(self, site, status, trouble):
        site.pages["/terms"] = lambda h: h.answer(status, "no")
        assert refused(f"{site.url}/terms") is trouble

    def test_redirects_are_followed_three_times(self, site):
        site.pages |= {f"/{n}": moved(f"/{n + 1}") for n in range(3)}
        site.pages["/3"] = "<p>there</p>"
        assert visitor().read(f"{site.url}/0").text == "there"
        site.pages["/3"] = moved("/4")
        site.pages["/4"] = "<p>too far</p>"
        assert refused(f"{site.url}/0") is Trouble.REDIRECTS
        site.pages["/loop"] = moved("/loop")
        assert refused(f"{site.url}/loop") is Trouble.REDIRECTS

    @pytest.mark.parametrize(
        "to", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://user:pass@127.0.0.1/", "javascript:1"]
    )
    def test_redirects_to_what_we_do_not_visit(self, site, to):
        site.pages["/terms"] = moved(to)
        assert refused(f"{site.url}/terms") is Trouble.ADDRESS

    def test_private_addresses_are_not_visited(self, site):
        site.pages["/terms"] = "<p>secret</p>"
        for url in (
            "http://127.0.0.1/terms",
            "http://localhost/",
            "http://[::1]/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/",
        ):
            assert refused(url, allow_private=False) is Trouble.PRIVATE
        assert site.asked == []

    def test_a_redirect_into_a_private_network_is_not_followed(self, site):
        """A public name sends us to the inside: the first hop is visited, the second is not."""
        site.pages["/terms"] = moved("http://inside.example/secret")
        asked = []

        def lookup(host, port):
            asked.append(host)
            return ["127.0.0.1"] if host == "public.example" else ["10.0.0.1"]

        from union.bargaining import fetching

        real = fetching.is_public
        fetching.is_public = lambda a: a == "127.0.0.1" or real(a)  # the local site plays a public one
        ports = dict(fetching.PORTS)
        fetching.check_url, checked = (
            (lambda url, **_: checked(url, any_port=True)),
            fetching.check_url,
        )
        try:
            trouble = refused(
                f"http://public.example:{site.server_port}/terms", allow_private=False, lookup=lookup
            )
        finally:
            fetching.is_public, fetching.check_url = real, checked
        assert trouble is Trouble.PRIVATE
        assert asked == ["public.example", "public.example", "inside.example"]
        assert ports == fetching.PORTS
        assert [path for path, _ in site.asked] == ["/robots.txt", "/terms"]

    def test_one_private_address_among_public_ones_is_enough(self):
        assert (
            refused("http://mixed.example/", allow_private=False, lookup=lambda *_: ["1.1.1.1", "10.0.0.1"])
            is Trouble.PRIVATE
        )

    def test_we_connect_to_the_address_that_was_checked(self, site):
        """The name cannot be looked up again by the connection: it exists nowhere but in our look-up."""
        site.pages["/terms"] = "<p>pinned</p>"
        found = visitor(lookup=lambda *_: ["127.0.0.1"]).read(
            f"http://no-such-name.invalid:{site.server_port}/terms"
        )
        assert found.text == "pinned"
        assert site.asked[-1][1]["Host"] == f"no-such-name.invalid:{site.server_port}"

    def test_unknown_names_and_closed_doors(self):
        assert refused("http://no-such-name.invalid/") is Trouble.NO_NAME
        assert refused("http://empty.invalid/", lookup=lambda *_: []) is Trouble.NO_NAME
        assert refused("http://127.0.0.1:1/") is Trouble.CONNECTION

    def test_a_certificate_must_fit_the_name(self, site):
        assert refused(f"https://127.0.0.1:{site.server_port}/") is Trouble.CONNECTION

    def test_larger_than_two_megabytes(self, site):
        site.pages["/told"] = "x" * (2 * 1024 * 1024 + 1)
        assert refused(f"{site.url}/told") is Trouble.TOO_LARGE

        def untold(h):
            h.close_connection = True
            h.send_response(200)
            h.send_header("Content-Type", "text/html")
            h.end_headers()
            with contextmanager(broken_pipes)():
                for _ in range(400):
                    h.wfile.write(b"x" * 65536)

        site.pages["/untold"] = untold
        assert refused(f"{site.url}/untold", budget=20.0) is Trouble.TOO_LARGE

    def test_a_stream_without_an_end(self, site):
        def forever(h):
            h.close_connection = True
            h.send_response(200)
            h.send_header("Content-Type", "text/html")
            h.end_headers()
            with contextmanager(broken_pipes)():
                for _ in range(200):
                    h.wfile.write(b"<p>more</p>")
                    h.wfile.flush()
                    time.sleep(0.05)

        site.pages["/terms"] = forever
        started = time.perf_counter()
        assert refused(f"{site.url}/terms", budget=1.0) is Trouble.TOO_SLOW
        assert time.perf_counter() - started < 5

    def test_headers_without_an_end(self, site):
        def trickle(h):
            h.close_connection = True
            with contextmanager(broken_pipes)():
                h.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for n in range(200):
                    h.wfile.write(f"X-{n}: y\r\n".encode())
                    h.wfile.flush()
                    time.sleep(0.05)

        site.pages["/terms"] = trickle
        started = time.perf_counter()
        assert refused(f"{site.url}/terms", budget=1.0) is Trouble.TOO_SLOW
        assert time.perf_counter() - started < 5

    def test_packed_pages_and_bombs(self, site):
        site.pages["/good"] = lambda h: h.answer(
            200, gzip.compress(b"<p>packed</p>"), Content_Encoding="gzip"
        )
        assert visitor().read(f"{site.url}/good").text == "packed"
        bomb = gzip.compress(b"\0" * (200 * 1024 * 1024))
        assert len(bomb) < 300_000
        site.pages["/bomb"] = lambda h: h.answer(200, bomb, Content_Encoding="gzip")
        started = time.perf_counter()
        assert refused(f"{site.url}/bomb", budget=20.0) is Trouble.TOO_LARGE
        assert time.perf_counter() - started < 5
        for body, packed in ((b"no gzip", "gzip"), (zlib.compress(b"x"), "br"), (b"x", "gzip, gzip")):
            site.pages["/odd"] = lambda h, b=body, p=packed: h.answer(200, b, Content_Encoding=p)
            assert refused(f"{site.url}/odd") is Trouble.ENCODING

    def test_what_is_no_page(self, site):
        site.pages["/pdf"] = lambda h: h.answer(200, b"%PDF", kind="application/pdf")
        assert refused(f"{site.url}/pdf") is Trouble.ENCODING

    def test_robots(self, site):
        site.pages |= {"/terms": "<p>x</p>", "/private/terms": "<p>x</p>"}
        site.robots = f"User-agent: {AGENT}\nDisallow: /private\nCrawl-delay: 120\n"
        who = visitor()
        assert who.read(f"{site.url}/terms").text == "x"
        assert refused(f"{site.url}/private/terms") is Trouble.ROBOTS
        assert who.delay(who.learned[site.url]) == timedelta(seconds=120)
        site.robots = "User-agent: *\nDisallow: /\n"
        assert refused(f"{site.url}/terms") is Trouble.ROBOTS
        assert who.read(f"{site.url}/terms", robots="").text == "x"  # asked lately: not asked again
        site.robots = lambda h: h.answer(500, "broken")
        assert refused(f"{site.url}/terms") is Trouble.SERVER
        site.robots = lambda h: h.answer(403, "no")
        assert visitor().read(f"{site.url}/terms").text == "x"

    def test_robots_of_the_place_we_are_sent_to(self, site):
        site.robots = "User-agent: *\nDisallow: /there\n"
        site.pages |= {"/terms": moved("/there"), "/there": "<p>x</p>"}
        assert refused(f"{site.url}/terms") is Trouble.ROBOTS


def broken_pipes():
    with suppress(OSError):  # the visitor hung up, as it should
        yield


@pytest.fixture
def local(tmp_path):
    return Settings.from_environment(
        {
            "UNION_ENV": "development",
            "UNION_HOME": str(tmp_path),
            "UNION_PUBLIC_URL": SITE,
            PRIVATE: "yes",
        }
    )


@pytest.fixture
def watched(database, site, now):
    """A watched page of the local site; gives (page id, organizer)."""
    site.pages["/terms"] = PAGE.format(cents=20)
    with transaction() as session:
        slug, organizer, _ = make_table(session)
        page = service.watch_page(
            session,
            actor=organizer,
            now=now,
            slug=slug,
            label="Terms",
            url=f"{site.url}/terms",
            every_hours=24,
            any_port=True,
        )
    return page, organizer


def seen(page_id):
    with transaction() as session:
        row = session.get(TermsPage, page_id)
        return Seen(row.state), row.trouble


def mails(kind="%"):
    with transaction() as session:
        return session.scalar(
            select(func.count()).select_from(Outbox).where(Outbox.ref.like("terms:%"), Outbox.kind.like(kind))
        )


class TestWatching:
    def test_a_change_is_kept_compared_and_told_once(self, watched, site, now, local):
        page, organizer = watched
        assert jobs.read_terms(now, local) == 1
        assert seen(page) == (Seen.OK, "")
        assert mails() == 0
        assert jobs.read_terms(now, local) == 0  # not due
        site.pages["/terms"] = PAGE.format(cents=10)
        assert jobs.read_terms(now + timedelta(days=1), local) == 1
        assert seen(page) == (Seen.CHANGED, "")
        assert mails("changed-%") == 2  # the organizer and who sits
        assert jobs.read_terms(now + timedelta(days=2), local) == 1
        assert mails() == 2
        with transaction() as session:
            assert session.scalar(select(func.count()).select_from(TermsVersion)) == 2
            assert session.scalar(select(AuditEntry).where(AuditEntry.act == "bargaining.page_changed"))
            service.acknowledge(session, actor=organizer, now=now, page_id=page)
        assert seen(page)[0] is Seen.OK

    def test_layout_alone_tells_nobody(self, watched, site, now, local):
        page, _ = watched
        jobs.read_terms(now, local)
        site.pages["/terms"] = PAGE.format(cents=20).replace("<p>", "<p class='new'>\n  ")
        jobs.read_terms(now + timedelta(days=1), local)
        assert (seen(page)[0], mails()) == (Seen.OK, 0)

    @pytest.mark.parametrize(
        ("status", "state"), [(403, Seen.BLOCKED), (404, Seen.GONE), (500, Seen.UNREACHABLE)]
    )
    def test_trouble_is_told_once_and_heals(self, watched, site, now, local, status, state):
        page, _ = watched
        jobs.read_terms(now, local)
        site.pages["/terms"] = lambda h: h.answer(status, "no")
        for day in range(1, 4):
            jobs.read_terms(now + timedelta(days=day * 3), local)
        assert seen(page)[0] is state
        assert mails() == 2
        site.pages["/terms"] = PAGE.format(cents=20)
        jobs.read_terms(now + timedelta(days=30), local)
        assert seen(page) == (Seen.OK, "")

    def test_a_private_address_is_refused_unless_the_setting_allows(self, watched, site, now, settings):
        page, _ = watched
        assert jobs.read_terms(now, settings) == 1
        assert seen(page)[1] in {Trouble.PRIVATE.value, Trouble.ADDRESS.value}
        assert site.asked == []

    def test_the_setting_counts_for_nothing_in_production(self, tmp_path):
        production = Settings.from_environment({"UNION_HOME": str(tmp_path), PRIVATE: "yes"})
        assert not configured(production).allow_private

    def test_a_site_is_not_visited_twice_in_half_a_minute(self, watched, site, now, local):
        site.pages["/privacy"] = "<p>p</p>"
        with transaction() as session:
            row = session.get(TermsPage, watched[0])
            row.label = "One"
            service.watch_page(
                session, actor=watched[1], now=now, slug=table_slug(session, row), label="Two",
                url=f"{site.url}/privacy", every_hours=24, any_port=True,
            )  # fmt: skip
        assert jobs.read_terms(now, local) == 1
        assert jobs.read_terms(now + timedelta(seconds=29), local) == 0
        assert jobs.read_terms(now + timedelta(seconds=31), local) == 1
        assert [p for p, _ in site.asked if p == "/robots.txt"] == ["/robots.txt"]  # kept for a day

    def test_a_site_that_wants_more_time_gets_it(self, watched, site, now, local):
        site.robots = "User-agent: *\nCrawl-delay: 600\n"
        jobs.read_terms(now, local)
        with transaction() as session:
            pace = session.scalars(select(SitePace)).one()
            assert pace.free_at == now + timedelta(seconds=600)

    def test_two_schedulers_visit_once(self, watched, now):
        with transaction() as session:
            assert service.take(session, actor=SYSTEM, now=now, page_id=watched[0]) is not None
        with transaction() as session:
            assert service.take(session, actor=SYSTEM, now=now, page_id=watched[0]) is None

    def test_a_visit_that_never_came_back_is_taken_up_again(self, watched, now):
        for minutes, taken in ((0, True), (5, False), (11, True)):
            with transaction() as session:
                at = now + timedelta(minutes=minutes)
                assert (service.take(session, actor=SYSTEM, now=at, page_id=watched[0]) is not None) is taken

    def test_what_cannot_be_watched(self, watched, site, now):
        page, organizer = watched
        with transaction() as session:
            slug = table_slug(session, session.get(TermsPage, page))
            asked = {"actor": organizer, "now": now, "slug": slug, "label": "x", "every_hours": 24}
            for facts, field in (
                ({"url": "http://127.0.0.1:99/"}, "url"),
                ({"url": "http://a.example/", "every_hours": 1}, "every"),
            ):
                with pytest.raises(Invalid) as refused:
                    service.watch_page(session, **{**asked, **facts})
                assert refused.value.field == field
            with pytest.raises(Conflict, match="already"):
                service.watch_page(session, **asked, url=f"{site.url}/terms", any_port=True)
            with pytest.raises(NotAllowed):
                service.stop_page(session, actor=make_table_member(session), now=now, page_id=page)
            service.stop_page(session, actor=organizer, now=now, page_id=page)
            assert service.due(session, now) == []


def table_slug(session, row):
    from union.bargaining.models import BargainingTable

    return session.get(BargainingTable, row.table_id).slug


def make_table_member(session):
    from tests.factories.bargaining import actor
    from tests.factories.members import make_member

    return actor(session, make_member(session))
