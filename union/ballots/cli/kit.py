"""What the room's commands share: the database, refusals as one line, archives, private files, keys."""

import json
import os
import secrets
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import click

from union.ballots.crypto import verify
from union.ballots.crypto.canonical import read_json
from union.ballots.crypto.ceremony import keys_of, open_own_key
from union.ballots.crypto.failures import Refused
from union.ballots.crypto.group import Group
from union.ballots.crypto.pedersen import read_certificate
from union.ballots.crypto.trustees import KeyPair, key_of
from union.ballots.offline import LARGEST
from union.ballots.queries.keys import KEY
from union.core import db
from union.core.actor import Actor
from union.members import queries as members

KEY_FILE, SEED_FILE = "union-trustee-key", "union-trustee-seed"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHARE = ("decryption", "strong_proofs")
NEW = click.Path(dir_okay=False, path_type=Path)


def acting(member: str) -> Actor:
    """Return the member as whom something is handed in."""
    with db.reading() as session:
        return members.actor_of(session, member)


class refusals:  # noqa: N801 - reads as what it does in a with statement
    """Turn a named refusal into one line."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, Refused):
            raise click.ClickException(str(problem)) from problem


def require_holding(archive: Path) -> None:
    """Make every check on an archive before anything is done with it; one line when it does not hold."""
    report = verify(archive, os.cpu_count() or 1)
    if not report.holds:
        raise click.ClickException(
            "the archive does not hold: " + "; ".join(f.detail for f in report.failures)
        )


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as problem:
        raise click.ClickException(f"{path} exists already; a key is never written over") from problem
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")


def read_text(source: Path | BinaryIO) -> str:
    """Return the text of a file that somebody names; one line for one too large or not UTF-8."""
    name = getattr(source, "name", source)
    with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise click.ClickException(f"{name} is larger than any such file")
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        raise click.ClickException(f"{name} is no text in UTF-8") from problem


def read_record(source: Path | BinaryIO) -> Any:  # noqa: ANN401 - any JSON
    """Return what a JSON file holds; one line for one that is none, is too deep or says a thing twice."""
    text = read_text(source)
    try:
        return read_json(text.encode())
    except Refused as refusal:
        raise click.ClickException(f"{getattr(source, 'name', source)}: {refusal}") from refusal


def read_facts(path: Path, *kinds: str) -> dict[str, Any]:
    """Return the facts of one of our files; one line when it is none of those kinds."""
    facts = read_record(path)
    if not isinstance(facts, dict) or facts.get("kind") not in kinds or facts.get("version") != 1:
        raise click.ClickException(f"{path} is no file of the kind {' or '.join(kinds)}")
    return facts


def read_share(source: Path | BinaryIO) -> dict[str, str]:
    """Return a share as `write_share` wrote it: decryption and strong_proofs, each the text of a record."""
    facts = read_record(source)
    if not isinstance(facts, dict) or not all(isinstance(facts.get(name), str) for name in _SHARE):
        raise click.ClickException(f"{getattr(source, 'name', source)} is no share of a trustee")
    return {name: facts[name] for name in _SHARE}


def read_key(path: Path, group: Group, uuid: str, sealed: Path | None) -> KeyPair:
    """Return a trustee's key for this ballot from the file that trustee-key, a page or a ceremony saved.

    sealed: with the key code of a ceremony, the file that holds the trustee's sealed part.
    """
    kept = read_record(path)
    if isinstance(kept, str):  # the file of another program: a JSON string that holds the number
        return _pair(group, kept)
    if not isinstance(kept, dict) or kept.get("kind") not in {KEY_FILE, SEED_FILE}:
        raise click.ClickException(f"{path} holds no trustee's key")
    if kept.get("uuid") != uuid:
        raise click.ClickException(f"this key was made for the ballot {kept.get('uuid')}, not {uuid}")
    if kept["kind"] == KEY_FILE:
        return _pair(group, str(kept["private_key"]))
    if sealed is None:
        raise click.ClickException("a key code opens your sealed part: give its file with --sealed")
    mine = read_facts(sealed, KEY)
    certificate = read_certificate(group, json.loads(mine["certificate"]))
    if group.gpow(keys_of(group, kept["seed"]).dk) != certificate.encryption:
        raise click.ClickException("this key code is not the one the sealed part was made with")
    return _pair(group, str(open_own_key(group, certificate, kept["seed"], mine["private_key"])))


def _pair(group: Group, number: str) -> KeyPair:
    return key_of(group, group.scalar(number), secrets.randbelow)
