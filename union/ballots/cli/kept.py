"""Compare what a voter or an observer kept, a receipt or a head, with an archive. Needs no database."""

import base64
import sys
from pathlib import Path
from typing import Any

import click

from union.ballots import receipts
from union.ballots.cli.kit import FILE
from union.ballots.crypto.canonical import read_json
from union.ballots.crypto.failures import Refused
from union.ballots.crypto.reader import Event
from union.ballots.crypto.verifier import events_of
from union.ballots.receipts import Receipt


@click.command("check-kept")
@click.argument("kept", type=FILE)
@click.argument("archive", type=FILE)
@click.option("--key", help="Key of our receipts as the board shows it: checks the signature too.")
def check_kept(kept: Path, archive: Path, key: str | None) -> None:
    """Check that ARCHIVE still holds what KEPT says: a saved receipt, or a head.json that somebody fetched.

    Exit 0 when it does, else 1 with the name of what does not hold. Whether the archive itself holds,
    `verify` tells.
    """
    try:
        said = _check(read_json(kept.read_bytes()), archive, key)
    except Refused as refused:
        click.secho(f"does not hold: {refused.check.value}: {refused.detail}", fg="red")
        sys.exit(1)
    except _Missing as missing:
        click.secho(f"does not hold: {missing}", fg="red")
        sys.exit(1)
    click.echo(said)


class _Missing(Exception):
    """What was kept is not what the archive says; the text begins with the name of the check."""


def _check(kept: Any, archive: Path, key: str | None) -> str:  # noqa: ANN401 - somebody's JSON
    if not isinstance(kept, dict) or not isinstance(kept.get("height"), int):
        raise _Missing("kept-form: this is neither a saved receipt nor a head")
    height, head = kept["height"], str(kept.get("chain_head", kept.get("head", "")))
    election, event = _at(archive, height)
    fingerprint = str(kept.get("election", kept.get("fingerprint", "")))
    if fingerprint != election:
        raise _Missing("kept-election: it was kept for another ballot")
    if event is None or event.head.digest != head:
        raise _Missing(f"kept-head: event {height} of the archive is not what was kept; keep both as proof")
    if "tracker" not in kept:
        return f"The archive continues from event {height}, as it was kept."
    if event.kind != "Ballot" or _base64(event.payloads[0].digest) != kept["tracker"]:
        raise _Missing(f"kept-tracker: event {height} brings another ballot than the receipt says")
    receipt = Receipt(str(kept["tracker"]), height, head, str(kept.get("signature", "")))
    if key is not None and not receipts.genuine(key, election, receipt):
        raise _Missing("kept-signature: the receipt is not signed with this key")
    signed = "" if key is None else " The receipt's signature holds."
    return f"The ballot of the receipt is in the archive, at event {height}.{signed}"


def _at(archive: Path, height: int) -> tuple[str, Event | None]:
    """Return the fingerprint of the archive's ballot, and its event number `height`."""
    election, found = "", None
    for event in events_of(archive):
        if event.kind == "Setup":
            election = _base64(event.payloads[0].digest)
        if event.head.height == height:
            found = event
    return election, found


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode().rstrip("=")
