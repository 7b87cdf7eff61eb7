"""The trustees' pages: a key or a ceremony, a test before the opening, a share after the close."""

import json
from dataclasses import dataclass
from typing import Any

from flask import jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.queries import BallotPage, Part
from union.ballots.queries.seats import Seat
from union.ballots.rules import State
from union.ballots.service import Refusal
from union.ballots.views.kit import LARGEST, blueprint, posted, raw_json, refused, settings
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Closed, Invalid, NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, public, require, takes
from union.web.i18n import gettext

_KEYS_CAN_COME = (State.KEYS, State.CREDENTIALS)


@dataclass(frozen=True)
class KeySeat:
    """What the key page shows and hands to its script."""

    title: str
    trustee_name: str
    group: str
    uuid: str
    submit_url: str
    leave_url: str
    public_key: str | None


@dataclass(frozen=True)
class Share:
    """What the pages that use a key show and hand to their scripts. part: how a threshold key is opened."""

    title: str
    trustee_name: str
    public_key: str
    election_json_url: str
    fingerprint: str
    tally_url: str
    submit_url: str
    leave_url: str
    done: bool
    part: Part | None = None
    unneeded: bool = False
    ranked: bool = False
    election: str = ""


def _my_page(slug: str) -> tuple[BallotPage, Seat]:
    with reading() as session:
        page = queries.ballot_page(session, slug, current_actor(), utcnow())
    if page.my_seat is None:
        raise NotAllowed(msg("You are not a trustee of this ballot."))
    return page, page.my_seat


def _point(seat: Seat) -> str | None:
    return str(json.loads(seat.public_key)["public_key"]) if seat.public_key else None


@blueprint.get("/ballots/<slug>/key")
@require(Permission.BALLOT_TRUSTEE)
def key(slug: str) -> ResponseReturnValue:
    """Let a trustee make a key in the browser, alone or step by step with the others."""
    page, seat = _my_page(slug)
    if page.state == State.DRAFT:
        raise Closed(msg("The organizers have not asked for keys yet."))
    if page.state not in _KEYS_CAN_COME and seat.public_key is None:
        raise Closed(msg("It is too late for a key."))
    if page.threshold is not None and page.state in _KEYS_CAN_COME:
        return render_template("ballots/trustee_ceremony.html", page=page, seat=seat, people=_people(page))
    shown = KeySeat(
        page.title,
        seat.name,
        page.group,
        page.uuid,
        url_for("ballots.submit_key", slug=page.slug),
        url_for("ballots.page", slug=page.slug),
        _point(seat),
    )
    return render_template("ballots/trustee_key.html", seat=shown)


@blueprint.post("/ballots/<slug>/key")
@require(Permission.BALLOT_TRUSTEE)
def submit_key(slug: str) -> ResponseReturnValue:
    """Take a trustee's public key."""
    (text,) = posted("public_key")
    with transaction() as session:
        answer = service.submit_trustee_key(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            text=text,
            public_url=settings().public_url,
        )
    return refused(answer) if isinstance(answer, Refusal) else jsonify(fingerprint=answer.fingerprint)


def _people(page: BallotPage) -> list[dict[str, Any]]:
    """Return how far each trustee is, in words, and whether the ceremony waits for that one."""
    found = []
    for seat in page.holders:
        due = page.owes_key(seat)
        if seat.has_key:
            text = gettext(msg("Done"))
        elif due:
            text = gettext(msg("Waiting for step %(step)s"), step=page.ceremony_step)
        else:
            text = gettext(msg("Step %(step)s is done"), step=seat.steps)
        found.append({"name": seat.name, "text": text, "due": due, "mine": seat.mine})
    return found


@blueprint.get("/ballots/<slug>/ceremony.json")
@require(Permission.BALLOT_TRUSTEE)
def ceremony_json(slug: str) -> ResponseReturnValue:
    """Give a trustee's device what the next step is made from, and who is waited for."""
    page, _ = _my_page(slug)
    with reading() as session:
        facts = queries.ceremony(session, slug, current_actor())
    response = jsonify(**facts, people=_people(page), accused=page.accused)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/ballots/<slug>/ceremony")
@require(Permission.BALLOT_TRUSTEE)
def submit_step(slug: str) -> ResponseReturnValue:
    """Take what a trustee sends in a step of the ceremony."""
    number, step, text = posted("number", "step", "message")
    if not (number.isdecimal() and step.isdecimal() and len(number) + len(step) < 10):  # noqa: PLR2004 - small
        raise Invalid(msg("We could not read what was sent."))
    with transaction() as session:
        answer = service.submit_step(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            number=int(number),
            step=int(step),
            text=text,
            public_url=settings().public_url,
        )
    return refused(answer) if isinstance(answer, Refusal) else jsonify(waiting=answer.waiting)


@blueprint.post("/ballots/<slug>/ceremony/complaint")
@require(Permission.BALLOT_TRUSTEE)
def complain(slug: str) -> ResponseReturnValue:
    """Take a trustee's proof that a share does not fit."""
    number, text = posted("number", "complaint")
    with transaction() as session:
        answer = service.complain(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            number=int(number) if number.isdecimal() and len(number) < 10 else 0,  # noqa: PLR2004 - small
            text=text,
            public_url=settings().public_url,
        )
    return refused(answer) if isinstance(answer, Refusal) else jsonify(accused=answer.accused)


@blueprint.get("/ballots/<slug>/test")
@require(Permission.BALLOT_TRUSTEE)
def test(slug: str) -> ResponseReturnValue:
    """Let a trustee show, before the opening, that the key at hand still opens things."""
    page, seat = _my_page(slug)
    if page.state not in _KEYS_CAN_COME:
        raise Closed(msg("Keys are tested before voting opens."))
    with reading() as session:
        election = queries.test_election(session, slug)
        part = queries.part(session, slug, current_actor())
    shown = Share(
        page.title,
        seat.name,
        part.public_key,
        election_json_url="",
        fingerprint="",
        tally_url="",
        submit_url=url_for("ballots.submit_test", slug=page.slug),
        leave_url=url_for("ballots.page", slug=page.slug),
        done=seat.tested,
        part=part if page.threshold is not None else None,
        election=election,
    )
    return render_template("ballots/trustee_test.html", share=shown, page=page)


@blueprint.post("/ballots/<slug>/test")
@require(Permission.BALLOT_TRUSTEE)
def submit_test(slug: str) -> ResponseReturnValue:
    """Take a trustee's test decryption with both its proofs."""
    decryption, strong = posted("decryption", "strong_proofs")
    with transaction() as session:
        answer = service.submit_test(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            decryption=decryption,
            strong_proofs=strong,
        )
    return refused(answer) if isinstance(answer, Refusal) else jsonify(waiting=answer.waiting)


@blueprint.get("/ballots/<slug>/decrypt")
@require(Permission.BALLOT_TRUSTEE)
def decrypt(slug: str) -> ResponseReturnValue:
    """Let a trustee compute the share of the decryption in the browser."""
    page, seat = _my_page(slug)
    if page.state not in {State.CLOSED, State.CONCLUDED} or page.fingerprint is None:
        raise Closed(msg("The ballot is not closed yet."))
    if page.shuffling:
        raise Closed(msg("The trustees still shuffle the votes. Your share is asked for after that."))
    with reading() as session:
        part = queries.part(session, slug, current_actor())
    shown = Share(
        page.title,
        seat.name,
        part.public_key,
        url_for("ballots.election_json", slug=page.slug),
        page.fingerprint,
        url_for("ballots.tally_json", slug=page.slug),
        url_for("ballots.submit_decryption", slug=page.slug),
        url_for("ballots.page", slug=page.slug),
        seat.has_decrypted,
        part=part if page.threshold is not None else None,
        unneeded=page.state == State.CONCLUDED and not seat.has_decrypted,
        ranked=page.ranked,
    )
    return render_template("ballots/trustee_decrypt.html", share=shown)


@blueprint.post("/ballots/<slug>/decrypt")
@require(Permission.BALLOT_TRUSTEE)
@takes(LARGEST)
def submit_decryption(slug: str) -> ResponseReturnValue:
    """Take a trustee's share with both its proofs."""
    decryption, strong = posted("decryption", "strong_proofs")
    with transaction() as session:
        answer = service.submit_decryption(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            decryption=decryption,
            strong_proofs=strong,
            public_url=settings().public_url,
        )
    if isinstance(answer, Refusal):
        return refused(answer)
    return jsonify(waiting=answer.waiting, unneeded=answer.unneeded)


@blueprint.get("/ballots/<slug>/sealed-key.json")
@require(Permission.BALLOT_TRUSTEE)
def sealed_key(slug: str) -> ResponseReturnValue:
    """Give a threshold trustee the own part of the key, sealed to the key code, for the command line."""
    with reading() as session:
        facts = queries.sealed_key(session, slug, current_actor())
    response = jsonify(facts)
    response.headers["Content-Disposition"] = f'attachment; filename="sealed-key-{facts["uuid"]}.json"'
    return response


@blueprint.get("/ballots/<slug>/tally.json")
@public
def tally_json(slug: str) -> ResponseReturnValue:
    """Give the encrypted tally's record, byte for byte; each shuffle changes it."""
    with reading() as session:
        content = queries.encrypted_tally(session, slug)
    return raw_json(content)
