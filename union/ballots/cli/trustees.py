"""`union ballots ceremony` and the test of a key: for trustees who keep their keys off the browser.

`ceremony step` and `trustee-test` open no database: files go to the trustee's own machine and come back.
"""

import json
import secrets
from pathlib import Path
from typing import Any

import click

from union.ballots import queries, service
from union.ballots.cli.kit import (
    FILE,
    NEW,
    SEED_FILE,
    acting,
    read_facts,
    read_key,
    read_share,
    refusals,
    write_private,
)
from union.ballots.crypto import ceremony as steps
from union.ballots.crypto import decrypt_partially, group_named
from union.ballots.crypto.complaint import make_complaint
from union.ballots.crypto.decryption import PartialDecryption
from union.ballots.crypto.rehearsal import rehearsal
from union.ballots.holders import STEPS
from union.ballots.queries.keys import CEREMONY, TEST
from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.opening import open_database
from union.core.settings import Settings

MESSAGE = "union-ceremony-message"


@click.group()
def ceremony() -> None:
    """Make a threshold ballot's key together: three steps for each trustee, by files."""


@ceremony.command()
@click.argument("state", type=FILE)
@click.argument("seed", type=NEW)
@click.option("-o", "--output", type=NEW, required=True, help="Where to write what goes back.")
def step(state: Path, seed: Path, output: Path) -> None:
    """Do the step that is due, on this machine.

    STATE: what `ceremony export` wrote for you. SEED: the file of your key code; the first step makes it,
    readable by you alone, and it never leaves you. What is written to OUTPUT goes to `ceremony submit`.
    """
    facts = read_facts(state, CEREMONY)
    if facts["sent"] >= facts["step"]:
        raise click.ClickException("nothing is due now: the ceremony waits for other trustees, or is over")
    with refusals():
        made = _made(facts, _seed(facts, seed))
    output.write_text(json.dumps({"kind": MESSAGE, "version": 1, "number": facts["number"], **made}) + "\n")
    if "complaint" in made:
        raise click.ClickException(
            f"the share that trustee {made['accused']} sent you does not fit; {output} proves it: hand it in"
        )
    click.echo(f"step {facts['step']} of {facts['title']}: hand in {output}", err=True)


def _seed(facts: dict[str, Any], path: Path) -> str:
    """Return the key code in a file, which the first step makes."""
    if not path.exists():
        if facts["step"] != 1:
            raise click.ClickException(f"{path} is not there: the key code was made in the first step")
        code = steps.make_seed(secrets.randbelow)
        kept = {name: facts[name] for name in ("uuid", "title", "trustee", "number")}
        write_private(path, json.dumps({"kind": SEED_FILE, "version": 1, **kept, "seed": code}, indent=1))
        click.echo(f"your key code is in {path}: keep it in two places until the result is out", err=True)
        return code
    kept = read_facts(path, SEED_FILE)
    if (kept["uuid"], kept["number"]) != (facts["uuid"], facts["number"]):
        raise click.ClickException("this key code was made for another ballot, or before a new beginning")
    return str(kept["seed"])


def _made(facts: dict[str, Any], seed: str) -> dict[str, Any]:
    """Return what goes back: the message of the step, or the proof that a share does not fit."""
    draw = secrets.randbelow
    group = group_named(facts["group"])
    size, threshold, index = (int(facts[name]) for name in ("size", "threshold", "index"))
    if facts["step"] == 1:
        made = steps.make_certificate(group, seed, size, threshold, index, draw)
        return {"step": 1, "message": made.decode()}
    records = [str(text).encode() for text in facts["certificates"]]
    certs = steps.read_certificates(group, records, threshold)
    if certs[index - 1].verification != group.gpow(steps.keys_of(group, seed).sk):
        raise click.ClickException("this key code did not make your certificate")
    if facts["step"] == 2:  # noqa: PLR2004 - the second step
        return {"step": 2, "message": steps.make_polynomial(group, certs, seed, draw).decode()}
    vinput = str(facts["vinput"])
    try:
        return {"step": 3, "message": steps.make_voutput(group, certs, seed, vinput.encode(), draw).decode()}
    except steps.WrongShare as wrong:
        envelope = json.loads(vinput)["secrets"][wrong.accused - 1]
        complaint = make_complaint(group, seed, envelope, wrong.accused, draw)
        return {"accused": wrong.accused, "complaint": complaint.record().decode()}


@ceremony.command("export")
@click.argument("slug")
@click.argument("member")
@click.option("-o", "--output", type=NEW, required=True, help="Where to write it.")
@click.pass_obj
def export_state(settings: Settings, slug: str, member: str, output: Path) -> None:
    """Write where the ceremony stands for trustee MEMBER (an id); nothing in it is secret to that trustee."""
    open_database(settings)
    with db.reading() as session:
        facts = queries.ceremony(session, slug, acting(member))
    output.write_text(json.dumps(facts, ensure_ascii=False) + "\n")
    click.echo(f"step {facts['step']}, {'yours' if facts['sent'] < facts['step'] else 'not yours'}: {output}")


@ceremony.command()
@click.argument("slug")
@click.argument("member")
@click.argument("message", type=FILE)
@click.pass_obj
def submit(settings: Settings, slug: str, member: str, message: Path) -> None:
    """Hand in what trustee MEMBER (an id) made with `ceremony step`."""
    facts = read_facts(message, MESSAGE)
    open_database(settings)
    common = {"slug": slug, "number": facts["number"], "public_url": settings.public_url}
    with db.transaction() as session:
        actor, now = acting(member), utcnow()
        answer: service.StepTaken | service.Halted | service.Refusal
        if "complaint" in facts:
            answer = service.complain(session, actor=actor, now=now, text=facts["complaint"], **common)
        else:
            answer = service.submit_step(
                session, actor=actor, now=now, step=facts["step"], text=facts["message"], **common
            )
    if isinstance(answer, service.Refusal):
        raise click.ClickException(answer.text % answer.facts)
    if isinstance(answer, service.Halted):
        click.echo(f"proven: the ceremony is halted, the share of {answer.accused} does not fit")
    else:
        click.echo("taken; the key is made" if answer.step > STEPS else _standing(answer))


def _standing(taken: service.StepTaken) -> str:
    return f"taken; step {taken.step} waits for {taken.waiting}"


@ceremony.command()
@click.argument("slug")
@click.pass_obj
def status(settings: Settings, slug: str) -> None:
    """Show how far the ceremony is and for whom it waits."""
    open_database(settings)
    with db.reading() as session:
        page = queries.ballot_page(session, slug, SYSTEM, utcnow())
    if page.accused:
        click.echo(f"halted: a share of {page.accused} does not fit; begin it again")
    for seat in page.holders:
        due = "waited for" if page.owes_key(seat) else "tested" if seat.tested else "done"
        click.echo(f"{seat.position:3} {seat.steps} of 3  {due:10}  {seat.name}")


@ceremony.command()
@click.argument("slug")
@click.confirmation_option(prompt="Every key and step so far is void. Begin again?")
@click.pass_obj
def again(settings: Settings, slug: str) -> None:
    """Have the keys of a ballot made anew, before it opens; the trustees are told."""
    open_database(settings)
    with db.transaction() as session:
        service.begin_again(session, actor=SYSTEM, now=utcnow(), slug=slug, public_url=settings.public_url)
    click.echo("begun again; the trustees are told")


@ceremony.command("sealed-key")
@click.argument("slug")
@click.argument("member")
@click.option("-o", "--output", type=NEW, required=True, help="Where to write it.")
@click.pass_obj
def sealed_key(settings: Settings, slug: str, member: str, output: Path) -> None:
    """Write the sealed part of trustee MEMBER (an id); only the trustee's key code opens it."""
    open_database(settings)
    with db.reading() as session:
        facts = queries.sealed_key(session, slug, acting(member))
    output.write_text(json.dumps(facts) + "\n")
    click.echo(str(output))


# Testing a key before the opening


@click.command("export-test")
@click.argument("slug")
@click.option("-o", "--output", type=NEW, required=True, help="Where to write it.")
@click.pass_obj
def export_test(settings: Settings, slug: str, output: Path) -> None:
    """Write what trustees test their keys with, once every key is there."""
    open_database(settings)
    with db.reading() as session:
        election = json.loads(queries.test_election(session, slug))
        page = queries.ballot_page(session, slug, SYSTEM, utcnow())
    facts = {"uuid": page.uuid, "group": page.group, "number": page.ceremony}
    public_key = election["public_key"]
    output.write_text(json.dumps({"kind": TEST, "version": 1, **facts, "public_key": public_key}) + "\n")
    click.echo(str(output))


@click.command("trustee-test")
@click.argument("key_file", type=FILE)
@click.argument("test", type=FILE)
@click.option("--sealed", type=FILE, help="Your sealed part, when KEY_FILE is a key code of a ceremony.")
@click.option("-o", "--output", type=NEW, help="Where to write it; standard output by default.")
def trustee_test(key_file: Path, test: Path, sealed: Path | None, output: Path | None) -> None:
    """Show that your key opens a dummy, on this machine.

    The dummy is made here from TEST, so that no vote can be slipped in. What is written is for `submit-test`.
    """
    facts = read_facts(test, TEST)
    with refusals():
        group = group_named(facts["group"])
        key = read_key(key_file, group, str(facts["uuid"]), sealed)
        dummy = rehearsal(group, group.point(facts["public_key"]), str(facts["uuid"]), int(facts["number"]))
        partial, strong = decrypt_partially(dummy.election, dummy.pairs, key.private_key, secrets.randbelow)
    write_share(partial, strong, output)


def write_share(partial: PartialDecryption, strong: bytes, output: Path | None) -> None:
    """Write a share with its strong proofs as the submitting commands and pages take it."""
    share = json.dumps({"decryption": partial.record().decode(), "strong_proofs": strong.decode()})
    if output is None:
        click.echo(share)
    else:
        output.write_text(share + "\n")


@click.command("submit-test")
@click.argument("slug")
@click.argument("member")
@click.argument("share", type=FILE)
@click.pass_obj
def submit_test(settings: Settings, slug: str, member: str, share: Path) -> None:
    """Hand in the SHARE that trustee MEMBER (an id) made with trustee-test."""
    open_database(settings)
    facts = read_share(share)
    with db.transaction() as session:
        answer = service.submit_test(
            session,
            actor=acting(member),
            now=utcnow(),
            slug=slug,
            **facts,
        )
    if isinstance(answer, service.Refusal):
        raise click.ClickException(answer.text % answer.facts)
    click.echo(f"the key works; {answer.waiting} more to test")
