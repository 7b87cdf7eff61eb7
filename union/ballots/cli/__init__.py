"""`union ballots`: check archives without a database, export them, and keep a trustee's key off the browser.

`verify`, `verify-diff`, `trustee-key`, `trustee-test`, `shuffle`, `trustee-decrypt` and `ceremony step` open
no database: they can run anywhere.
"""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import click

from union.ballots import offline, queries, service
from union.ballots.cli.kept import check_kept
from union.ballots.cli.kit import (
    FILE,
    KEY_FILE,
    NEW,
    acting,
    read_key,
    read_share,
    read_text,
    refusals,
    require_holding,
    write_private,
)
from union.ballots.cli.shuffling import shuffle, submit_shuffle, to_decrypt
from union.ballots.cli.trustees import ceremony, export_test, submit_test, trustee_test, write_share
from union.ballots.crypto import decrypt_partially, group_named, make_key, verify
from union.ballots.crypto.canonical import sha256_base64
from union.ballots.crypto.credentials import check_uuid
from union.ballots.crypto.difference import verify_difference
from union.ballots.crypto.failures import Check
from union.ballots.queries.results import Result
from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.opening import open_database
from union.core.settings import Settings


@click.group()
def ballots() -> None:
    """Check, export and look at ballots; make a trustee's key and share offline."""


# Without a database


@ballots.command("verify")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--jobs", type=click.IntRange(1), help="Processes; one a core by default.")
def verify_command(file: Path, *, as_json: bool, jobs: int | None) -> None:
    """Make every check on the archive FILE, by name; exit 0 only when all hold, else 1."""
    report = verify(file, jobs or os.cpu_count() or 1)
    _print(report.json(), report.lines(), as_json=as_json)
    sys.exit(0 if report.holds else 1)


@ballots.command("verify-diff")
@click.argument("old")
@click.argument("new", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify_diff(old: str, new: Path, *, as_json: bool) -> None:
    """Check that the archive NEW continues the archive OLD that somebody saved earlier; exit 1 when not.

    OLD is a file, or the 64 digits of a chain head that was published earlier.
    """
    try:
        difference = verify_difference(old, new)
    except OSError as problem:
        raise click.UsageError(f"{old} is neither a file to read nor a chain head") from problem
    _print(difference.json(), difference.lines(), as_json=as_json)
    sys.exit(0 if difference.holds else 1)


def _print(facts: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    click.echo(json.dumps(facts, indent=1, ensure_ascii=False) if as_json else "\n".join(lines))


@ballots.command("trustee-key")
@click.option("--uuid", required=True, help="The ballot's identifier, from its page.")
@click.option(
    "--group", "group_name", type=click.Choice(service.GROUPS), default=service.GROUPS[0], show_default=True
)
@click.option("--name", default="", help="Your name, to find the file again.")
@click.option("-o", "--output", type=NEW, help="Where to keep the key; trustee-key-UUID.json by default.")
def trustee_key(uuid: str, group_name: str, name: str, output: Path | None) -> None:
    """Make a trustee's key on this machine: the file stays with you, the public key printed goes to us.

    An existing file is never written over.
    """
    with refusals():
        check_uuid(uuid, Check.ELECTION_FORM)
    path = output or Path(f"trustee-key-{uuid}.json")
    key = make_key(group_named(group_name), secrets.randbelow)
    kept = {
        "kind": KEY_FILE, "version": 1, "uuid": uuid, "group": group_name, "trustee": name,
        "public_key": str(key.public.public_key), "private_key": str(key.private_key),
    }  # fmt: skip
    write_private(path, json.dumps(kept, ensure_ascii=False))
    public = key.public.record().decode()
    click.echo(public)
    click.echo(f"kept in {path}; fingerprint of the public key: {sha256_base64(public.encode())}", err=True)


@ballots.command("trustee-decrypt")
@click.argument("key_file", type=FILE)
@click.argument("archive", type=FILE)
@click.option("-o", "--output", type=NEW, help="Where to write your share; standard output by default.")
@click.option("--sealed", type=FILE, help="Your sealed part, when KEY_FILE is a key code of a ceremony.")
def trustee_decrypt(key_file: Path, archive: Path, output: Path | None, sealed: Path | None) -> None:
    """Compute your share of the count of a closed ballot, on this machine.

    KEY_FILE: what trustee-key, a ceremony or its page saved. ARCHIVE: the ballot's .bel file, checked first.
    The share is what `union ballots submit-share` and the decryption page's address take.
    """
    require_holding(archive)
    with refusals():
        election, trustees, pairs = to_decrypt(archive)
        key = read_key(key_file, election.group, election.uuid, sealed)
        owner = next((n for n, k in enumerate(trustees, start=1) if k == key.public.public_key), None)
        if owner is None:
            raise click.ClickException("this key is not the key of a trustee of this ballot")
        partial, strong = decrypt_partially(election, pairs, key.private_key, secrets.randbelow)
    write_share(partial, strong, output)
    click.echo(f"the share of trustee {owner} of {election.name}", err=True)


@ballots.command()
@click.argument("roll")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.pass_obj
def credentials(settings: Settings, roll: str, output: Path) -> None:
    """Make the private voting codes of a ballot on this machine, into the folder OUTPUT.

    ROLL: the file that export-roll wrote (then no database is opened, and no network is needed), or the
    ballot's slug on the server itself. CODES.csv holds who gets which code: it stays with the officer, who
    hands them out and destroys it. public.json goes to upload-credentials. Neither is ever written over.
    """
    path = Path(roll)
    text = read_text(path) if path.exists() and not path.is_dir() else _exported(settings, roll)
    with refusals():
        known = offline.read_roll(text)
        codes, public = offline.make_codes(known, secrets.randbelow)
    output.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(output / "CODES.csv", codes.rstrip("\n"))
    write_private(output / "public.json", public.text().rstrip("\n"))
    click.echo(f"{len(public.points)} codes in {output / 'CODES.csv'}: keep it off the server")
    click.echo(f"public parts in {output / 'public.json'}: this one is for upload-credentials")


@ballots.command("replace-code")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("member")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True)
def replace_code(folder: Path, member: str, output: Path) -> None:
    """Strike the code of MEMBER (an id) and make a new one, on this machine and without network.

    FOLDER: what `credentials` wrote. OUTPUT: a new folder, with both files and that one code changed. Upload
    its public.json before voting opens, and destroy the old folder.
    """
    with refusals():
        public = offline.read_public(read_text(folder / "public.json"))
        codes, changed = offline.replace_code(
            read_text(folder / "CODES.csv"), public, member, secrets.randbelow
        )
    output.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(output / "CODES.csv", codes.rstrip("\n"))
    write_private(output / "public.json", changed.text().rstrip("\n"))
    click.echo(
        f"a new code in {output / 'CODES.csv'}; upload {output / 'public.json'}, then destroy {folder}"
    )


def _exported(settings: Settings, slug: str) -> str:
    open_database(settings)
    with db.transaction() as session:
        return service.export_roll(
            session, actor=SYSTEM, now=utcnow(), slug=slug, public_url=settings.public_url
        )


# With the database


@ballots.command("export-roll")
@click.argument("slug")
@click.option("-o", "--output", type=NEW, required=True, help="Where to write it.")
@click.pass_obj
def export_roll(settings: Settings, slug: str, output: Path) -> None:
    """Write who may vote in a ballot as things stand, for the machine that makes the voting codes."""
    write_private(output, _exported(settings, slug).rstrip("\n"))
    click.echo(str(output))


@ballots.command("upload-credentials")
@click.argument("slug")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def upload_credentials(settings: Settings, slug: str, file: Any) -> None:  # noqa: ANN401 - a file
    """Store the public parts of the codes made offline and freeze the roll; we then hand out no codes."""
    open_database(settings)
    with db.transaction() as session:
        issued = service.upload_credentials(
            session, actor=SYSTEM, now=utcnow(), slug=slug, text=read_text(file)
        )
    click.echo(f"{issued.eligible} on the roll; their codes come from the officer")


@ballots.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List all ballots with their state."""
    open_database(settings)
    with db.reading() as session:
        found = queries.every(session)
    for one in found:
        click.echo(f"{one.state:12} {one.slug:42} {one.closes_at:%Y-%m-%d %H:%M}Z  {one.title}")


@ballots.command()
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(settings: Settings, slug: str, *, as_json: bool) -> None:
    """Show where one ballot stands, and its result once it is decided."""
    open_database(settings)
    with db.reading() as session:
        page = queries.run_page(session, slug, SYSTEM, utcnow()).page
    facts = {
        "slug": page.slug, "uuid": page.uuid, "title": page.title, "state": page.state, "group": page.group,
        "opens": page.opens_at.isoformat(), "closes": page.closes_at.isoformat(), "rule": page.rule["id"],
        "eligible": page.eligible, "voted": page.voters, "roll": page.roll_hash,
        "fingerprint": page.fingerprint, "height": page.height, "head": page.head,
        "trustees": [s.name for s in page.seats],
        "keys missing": page.keys_missing, "shares missing": page.shares_missing,
        "passed": page.verdict.passed if page.verdict else None,
        "reasons": [str(reason) for reason in page.verdict.reasons] if page.verdict else [],
        "counts": [_counts(result) for result in page.results],
    }  # fmt: skip
    lines = [f"{name:15} {value if value is not None else '-'}" for name, value in facts.items()]
    _print(facts, lines, as_json=as_json)


def _counts(result: Result) -> list[list[Any]]:
    """Return each answer with its votes, or with its place where answers were put in order."""
    if result.counted is None:
        return [list(pair) for pair in zip(result.asked.answers, result.counts, strict=True)]
    places = enumerate(result.counted.places, start=1)
    return [[result.asked.answers[choice], f"place {place}"] for place, group in places for choice in group]


@ballots.command()
@click.argument("slug")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Folder to write to.",
)
@click.pass_obj
def export(settings: Settings, slug: str, output: Path) -> None:
    """Write the ballot's archive as it is now: UUID.bel in the folder, whole or not at all."""
    open_database(settings)
    output.mkdir(parents=True, exist_ok=True)
    with db.reading() as session:
        path = output / f"{queries.head(session, slug).uuid}.bel"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            for chunk in queries.archive(session, slug):
                file.write(chunk)
    part.replace(path)
    click.echo(str(path))


@ballots.command("submit-key")
@click.argument("slug")
@click.argument("member")
@click.argument("public_key", type=click.File("rb"))
@click.pass_obj
def submit_key(settings: Settings, slug: str, member: str, public_key: Any) -> None:  # noqa: ANN401 - a file
    """Hand in the PUBLIC_KEY that trustee MEMBER (an id) made offline; "-" reads standard input."""
    open_database(settings)
    text = read_text(public_key).strip()
    with db.transaction() as session:
        answer = service.submit_trustee_key(
            session, actor=acting(member), now=utcnow(), slug=slug, text=text, public_url=settings.public_url
        )
    if isinstance(answer, service.Refusal):
        raise click.ClickException(f"{answer.code}: {answer.text % answer.facts}")
    click.echo(f"taken; fingerprint {answer.fingerprint}")


@ballots.command("submit-share")
@click.argument("slug")
@click.argument("member")
@click.argument("share", type=click.File("rb"))
@click.pass_obj
def submit_share(settings: Settings, slug: str, member: str, share: Any) -> None:  # noqa: ANN401 - a file
    """Hand in the SHARE that trustee MEMBER (an id) made with trustee-decrypt; "-" is standard input."""
    open_database(settings)
    facts = read_share(share)
    with db.transaction() as session:
        answer = service.submit_decryption(
            session, actor=acting(member), now=utcnow(), slug=slug, public_url=settings.public_url, **facts,
        )  # fmt: skip
    if isinstance(answer, service.Refusal):
        raise click.ClickException(answer.text % answer.facts)
    if answer.unneeded:
        click.echo("not needed: the result is out already")
    else:
        click.echo(
            "taken; the result is in" if not answer.waiting else f"taken; {answer.waiting} more to come"
        )


for command in (check_kept, shuffle, submit_shuffle, ceremony, trustee_test, export_test, submit_test):
    ballots.add_command(command)
