"""The trustees' pages: make a key before the opening, send a share of the decryption after the close."""

import json
from dataclasses import dataclass

from flask import jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.queries import BallotPage
from union.ballots.queries.pages import Seat
from union.ballots.rules import State
from union.ballots.service import Refusal
from union.ballots.views.kit import LARGEST, blueprint, posted, raw_json, refused, settings
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Closed, NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, public, require, takes


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
    """What the decryption page shows and hands to its script."""

    title: str
    trustee_name: str
    public_key: str
    election_json_url: str
    fingerprint: str
    tally_url: str
    submit_url: str
    leave_url: str
    done: bool


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
    """Let a trustee make a key in the browser."""
    page, seat = _my_page(slug)
    if page.state == State.DRAFT:
        raise Closed(msg("The organizers have not asked for keys yet."))
    if page.state != State.KEYS and seat.public_key is None:
        raise Closed(msg("It is too late for a key."))
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
            session, actor=current_actor(), now=utcnow(), slug=slug, text=text
        )
    return refused(answer) if isinstance(answer, Refusal) else jsonify(fingerprint=answer.fingerprint)


@blueprint.get("/ballots/<slug>/decrypt")
@require(Permission.BALLOT_TRUSTEE)
def decrypt(slug: str) -> ResponseReturnValue:
    """Let a trustee compute the share of the decryption in the browser."""
    page, seat = _my_page(slug)
    if page.state not in {State.CLOSED, State.CONCLUDED} or page.fingerprint is None:
        raise Closed(msg("The ballot is not closed yet."))
    if page.shuffling:
        raise Closed(msg("The trustees still shuffle the votes. Your share is asked for after that."))
    shown = Share(
        page.title,
        seat.name,
        _point(seat) or "",
        url_for("ballots.election_json", slug=page.slug),
        page.fingerprint,
        url_for("ballots.tally_json", slug=page.slug),
        url_for("ballots.submit_decryption", slug=page.slug),
        url_for("ballots.page", slug=page.slug),
        seat.has_decrypted,
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
    return refused(answer) if isinstance(answer, Refusal) else jsonify(waiting=answer.waiting)


@blueprint.get("/ballots/<slug>/tally.json")
@public
def tally_json(slug: str) -> ResponseReturnValue:
    """Give the encrypted tally's record, byte for byte; each shuffle changes it."""
    with reading() as session:
        content = queries.encrypted_tally(session, slug)
    return raw_json(content)
