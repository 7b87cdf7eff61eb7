"""`union ballots shuffle`: what trustees do with a ballot of orders before it is decrypted.

`shuffle` opens no database: the archive goes to the trustee's own machine, the shuffle comes back.
"""

import secrets
from pathlib import Path
from typing import Any

import click

from union.ballots import service
from union.ballots.cli.kit import FILE, NEW, acting, read_text, refusals, require_holding
from union.ballots.crypto import Election, make_shuffle, read_tally
from union.ballots.crypto.group import Point
from union.ballots.crypto.mixnet import merge_rows, read_shuffled
from union.ballots.crypto.reader import Reader
from union.ballots.crypto.tally import Pairs
from union.ballots.crypto.trustees import read_trustees
from union.core import db
from union.core.clock import utcnow
from union.core.opening import open_database
from union.core.settings import Settings


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


@click.command()
@click.argument("archive", type=FILE)
@click.option("-o", "--output", type=NEW, required=True, help="Where to write your shuffle.")
def shuffle(archive: Path, output: Path) -> None:
    """Shuffle the votes of a closed ballot of orders, on this machine; no key is needed.

    ARCHIVE: the ballot's .bel file as it is when your turn comes, checked first. OUTPUT is what
    submit-shuffle takes. The order chosen here is forgotten.
    """
    require_holding(archive)
    with refusals():
        election, _, pairs, ended = closed(archive)
        if not election.ranked or ended:
            raise click.ClickException("nothing is to be shuffled in this ballot now")
        made = make_shuffle(election, pairs, secrets.randbelow)
    output.write_bytes(made.record())
    click.echo(f"{sum(map(len, made.ciphertexts))} votes of {election.name} shuffled into {output}")


@click.command("submit-shuffle")
@click.argument("slug")
@click.argument("member")
@click.argument("shuffled", type=click.File("rb"))
@click.pass_obj
def submit_shuffle(settings: Settings, slug: str, member: str, shuffled: Any) -> None:  # noqa: ANN401 - a file
    """Hand in the SHUFFLED votes that trustee MEMBER (an id) made with shuffle; "-" is standard input."""
    open_database(settings)
    with db.transaction() as session:
        answer = service.submit_shuffle(
            session,
            actor=acting(member),
            now=utcnow(),
            slug=slug,
            text=read_text(shuffled).strip(),
            public_url=settings.public_url,
        )
    if isinstance(answer, service.Refusal):
        raise click.ClickException(answer.text % answer.facts)
    click.echo(
        "taken; shares are asked for" if not answer.waiting else f"taken; {answer.waiting} more to shuffle"
    )
