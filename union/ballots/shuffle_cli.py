"""What trustees do with an archive on their own machine: shuffle it, and find what is to be decrypted."""

import os
import secrets
from pathlib import Path

import click

from union.ballots.crypto import Election, make_shuffle, read_tally, verify
from union.ballots.crypto.failures import Refused
from union.ballots.crypto.group import Point
from union.ballots.crypto.mixnet import merge_rows, read_shuffled
from union.ballots.crypto.reader import Reader
from union.ballots.crypto.tally import Pairs
from union.ballots.crypto.trustees import read_trustees

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def closed(archive: Path) -> tuple[Election, tuple[Point, ...], Pairs, bool]:
    """Return the election, the trustees' public keys, what stands to be shuffled or decrypted, and whether
    shuffling has ended. Raises a click error before the close.
    """  # noqa: D205 - one sentence
    with archive.open("rb") as file:
        reader = Reader(file)
        found = {event.kind: event.payloads for event in reader.events() if event.kind != "Ballot"}
        if "EncryptedTally" not in found:
            raise click.ClickException("the ballot of this archive is not closed yet")
        election = Election.read(reader.read(found["Setup"][0]))
        keys = read_trustees(election.group, reader.read(found["Setup"][1])).verification_keys
        pairs = read_tally(election, reader.read(found["EncryptedTally"][0]))
        if "Shuffle" in found:
            pairs = merge_rows(election, pairs, read_shuffled(election, reader.read(found["Shuffle"][0])))
        return election, keys, pairs, "EndShuffles" in found


def to_decrypt(archive: Path) -> tuple[Election, tuple[Point, ...], Pairs]:
    """Return the election, the trustees' public keys and what is to be decrypted now."""
    election, keys, pairs, ended = closed(archive)
    if election.ranked and not ended:
        raise click.ClickException("the trustees still shuffle; shares are given after the last shuffle")
    return election, keys, pairs


@click.command("shuffle")
@click.argument("archive", type=_FILE)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def shuffle_command(archive: Path, output: Path) -> None:
    """Shuffle the votes of a closed ballot of orders, on this machine; no key is needed.

    ARCHIVE: the ballot's .bel file as it is when your turn comes, checked first. OUTPUT is what
    submit-shuffle takes. The order chosen here is forgotten.
    """
    report = verify(archive, os.cpu_count() or 1)
    if not report.holds:
        raise click.ClickException(
            "the archive does not hold: " + "; ".join(f.detail for f in report.failures)
        )
    try:
        election, _, pairs, ended = closed(archive)
        if not election.ranked or ended:
            raise click.ClickException("nothing is to be shuffled in this ballot now")
        made = make_shuffle(election, pairs, secrets.randbelow)
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    output.write_bytes(made.record())
    click.echo(f"{sum(map(len, made.ciphertexts))} votes of {election.name} shuffled into {output}")
