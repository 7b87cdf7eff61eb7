"""The directory: our own records and the archive, read safely, whole or not at all."""

import io
import json
import os
import tarfile
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.factories.members import make_member
from union.audit import queries as audit
from union.core import db
from union.core.actor import SYSTEM
from union.core.errors import Invalid, NotAllowed, NotFound
from union.core.i18n import catalog
from union.members import queries as members
from union.platforms import queries, service
from union.platforms.models import Platform
from union.platforms.rules import Kind
from union.platforms.rules.archive import web_address

ROOT = Path(__file__).parent.parent.parent.parent


def record(slug, **more):
    return {
        "slug": slug, "name": f"{slug.title()} B.V.", "address": "Straat 1\nAmsterdam", "relevant-countries": ["nl"],
        "sources": ["https://example.org/privacy"], "quality": "verified", **more,
    }  # fmt: skip


def archive(path, files):
    """Write a .tar.gz of (name, content) pairs."""
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return path


def load(session, path, now, **more):
    return service.import_archive(session, actor=SYSTEM, now=now, path=path, **more)


def size(session):
    return session.scalar(select(func.count()).select_from(Platform))


def test_our_own_records_hold_what_they_promise(session, now):
    found = service.directory()
    assert len(found) >= 30
    for slug, facts in found.items():
        assert facts.slug == slug
        assert facts.description in catalog("nl"), slug
        assert facts.source_as_of
        for address in (facts.web, facts.webform, facts.privacy_contact, facts.source):
            assert not address or web_address(address), (slug, address)
        assert not facts.country or (len(facts.country) == 2 and facts.country.isupper())
    assert service.load_directory(session, actor=SYSTEM, now=now) == len(found)
    assert service.load_directory(session, actor=SYSTEM, now=now) == 0
    assert len(queries.own(session)) == len(found)


def test_an_archive_fills_what_our_records_leave_out_and_a_second_run_changes_nothing(session, now, tmp_path):
    service.load_directory(session, actor=SYSTEM, now=now)
    files = [
        ("companies/takeaway-com.json", record("takeaway-com", email="privacy@takeaway.example")),
        ("./data/companies/acme.json", record("acme", categories=["travel"], web="https://acme.example")),
        ("companies/README.md", b"not a record"),
        ("templates/en/letter.json", b"{}"),
    ]
    path = archive(tmp_path / "archive.tar.gz", files)
    before = size(session)
    done = load(session, path, now)
    assert (done.added, done.changed, done.same, done.bad) == (1, 1, 0, ())
    ours = queries.platform_page(session, "thuisbezorgd")
    assert (ours.name, ours.email, ours.postal) == (
        "Thuisbezorgd",
        "privacy@takeaway.example",
        "Straat 1\nAmsterdam",
    )
    acme = queries.platform_page(session, "acme")
    assert (acme.kind, acme.country, acme.web) == (Kind.TRAVEL, "NL", "https://acme.example")
    again = load(session, path, now)
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert service.load_directory(session, actor=SYSTEM, now=now) == 0
    assert size(session) == before + 1
    assert [entry.act for entry in audit.newest(session)] == ["platforms.import", "platforms.load"]


def test_a_changed_record_changes_the_directory(session, now, tmp_path):
    load(
        session,
        archive(tmp_path / "a.tar.gz", [("companies/acme.json", record("acme", email="a@acme.example"))]),
        now,
    )
    done = load(
        session,
        archive(tmp_path / "b.tar.gz", [("companies/acme.json", record("acme", email="b@acme.example"))]),
        now,
    )
    assert (done.changed, queries.platform_page(session, "acme").email) == (1, "b@acme.example")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("bad", b"{", "not JSON"),
        ("bad", b"\xff\xfe{}", "not JSON"),
        ("bad", b"[" * 100_000, "not JSON"),
        ("bad", [], "one JSON object"),
        ("bad", {**record("bad"), "name": ""}, "name is empty"),
        ("bad", {**record("bad"), "name": None}, "name is missing"),
        ("bad", {**record("bad"), "name": "x" * 161}, "longer than 160"),
        ("bad", {**record("bad"), "name": "\ud800"}, "has to be a text"),
        ("bad", {**record("bad"), "name": "nul\0"}, "has to be a text"),
        ("bad", {**record("bad"), "email": ["x"]}, "email has to be a text"),
        ("bad", {**record("bad"), "sources": "x"}, "sources has to be a list"),
        ("bad", {**record("bad"), "categories": [1]}, "categories has to be a list"),
        ("bad", record("other"), "differs from the name"),
        ("Bad_Slug", record("Bad_Slug"), "other characters"),
        ("x", record("x"), "our own directory"),
        ("good", record("good"), "was there before"),
        ("bad", b" " * 300_000, "larger than a record"),
    ],
)
def test_bad_records_are_left_out_and_named_while_the_rest_comes_in(
    session, now, tmp_path, name, content, why
):
    files = [("companies/good.json", record("good")), (f"companies/{name}.json", content)]
    done = load(session, archive(tmp_path / "a.tar.gz", files), now)
    assert done.added == 1
    assert [bad.file for bad in done.bad] == [f"companies/{name}.json"]
    assert why in str(done.bad[0].why)


def test_a_wrong_web_address_is_left_out_and_named(session, now, tmp_path):
    path = archive(
        tmp_path / "a.tar.gz", [("companies/acme.json", record("acme", web="javascript:alert(1)"))]
    )
    done = load(session, path, now)
    assert (done.added, str(done.flawed[0].why)) == (1, "web is no web address")
    assert queries.platform_page(session, "acme").web == ""


def test_links_and_odd_names_in_an_archive_touch_nothing(session, now, tmp_path):
    target = tmp_path / "outside.json"
    target.write_text(json.dumps(record("outside")))
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for kind, name in (
            (tarfile.SYMTYPE, "companies/link.json"),
            (tarfile.LNKTYPE, "companies/hard.json"),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, str(target)
            packed.addfile(entry)
        data = json.dumps(record("good")).encode()
        for name in ("/companies/good.json", "../../companies/evil/../good.json"):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    done = load(session, path, now)
    assert (done.added, size(session)) == (1, 1)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.endswith((".json", ".gz"))) == [
        "a.tar.gz",
        "outside.json",
    ]


def test_an_archive_that_breaks_off_changes_nothing(database, now, tmp_path):
    files = [(f"companies/c{n}.json", record(f"c{n}", comments=[os.urandom(400).hex()])) for n in range(200)]
    whole = archive(tmp_path / "a.tar.gz", files).read_bytes()
    for cut in (whole[: len(whole) // 2], whole[:-20], b"", b"not an archive"):
        (tmp_path / "b.tar.gz").write_bytes(cut)
        with pytest.raises(Invalid), db.transaction() as session:
            load(session, tmp_path / "b.tar.gz", now)
        with db.reading() as session:
            assert size(session) == 0


def test_an_archive_that_unpacks_to_too_much_is_refused(session, now, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "_LARGEST_ARCHIVE", 1_000)
    path = archive(
        tmp_path / "a.tar.gz", [("big.bin", b"0" * 2_000), ("companies/acme.json", record("acme"))]
    )
    with pytest.raises(Invalid, match="unpacks to more"):
        load(session, path, now)


def test_a_folder_without_records_is_refused(session, now, tmp_path):
    with pytest.raises(Invalid, match="no company record"):
        load(session, tmp_path, now)


def test_search_ignores_case_accents_and_order(session, now):
    service.load_directory(session, actor=SYSTEM, now=now)

    def found(text="", **more):
        return [card.slug for card in queries.search(session, text, **more).cards]

    assert found("UBER")[:2] == ["uber", "uber-eats"]
    assert found("eats uber") == ["uber-eats"]
    assert found("sarl") == []
    assert found("a r.l. s") == ["amazon"]
    assert found("100%") == found("_") == found("'; drop") == []
    assert found(letter="X") == ["x"]
    assert set(found(kind=Kind.TRAVEL)) == {"airbnb", "booking-com"}
    with pytest.raises(NotFound):
        queries.platform_card(session, "atlantis")


def test_only_organizers_fill_the_directory(session, now, tmp_path):
    member = members.actor_of(session, make_member(session))
    with pytest.raises(NotAllowed):
        service.load_directory(session, actor=member, now=now)
    with pytest.raises(NotAllowed):
        service.import_archive(session, actor=member, now=now, path=tmp_path)


def test_the_real_archive_comes_in_whole(session, now):
    folder = Path(os.environ.get("UNION_SHARED_DATA") or ROOT.parent / "shared" / "data")
    path = folder / "datenanfragen.tar.gz"
    if not path.is_file():
        pytest.skip(f"LEFT OUT: no archive at {path}; set UNION_SHARED_DATA to the folder that has it")
    steps = []
    done = load(session, path, now, progress=steps.append)
    assert done.added + len(done.bad) == len(steps) + len(done.bad) >= 3_000
    assert done.bad == ()
    again = load(session, path, now)
    assert (again.added, again.changed, again.same) == (0, 0, done.added)
    ours = {slug: t.get("archive", slug) for slug, t in tomllib.loads(service.DIRECTORY.read_text()).items()}
    enriched = [slug for slug in ours if (row := session.get(Platform, slug)) and row.record]
    assert len(enriched) >= 25
