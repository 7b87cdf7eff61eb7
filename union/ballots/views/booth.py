"""The booth: where a member votes, and what its script fetches and posts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from flask import jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.queries import BallotPage
from union.ballots.receipts import Receipt
from union.ballots.rules import State
from union.ballots.service import Refusal, Vote
from union.ballots.views.desk import Desk
from union.ballots.views.kit import blueprint, posted, raw_json, refused, signer
from union.core.actor import Actor
from union.core.clock import utcnow
from union.core.db import glance, reading, transaction
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext, when

CHECKED_IN_BOOTH = 2_000
"""Up to so many voters the booth fetches the list of public credentials, to notice a mistyped code."""


@dataclass(frozen=True)
class Booth:
    """What the booth's template shows and hands to its script. holding: of a threshold ballot."""

    title: str
    intro: str
    closes_text: str
    election_json_url: str
    fingerprint: str
    cast_url: str
    credentials_url: str | None
    board_url: str
    leave_url: str
    help_url: str | None
    has_voted: bool
    trustees: tuple[str, ...]
    server_only: bool
    receipt_key: str | None
    codes_by_officer: bool = False
    holding: BallotPage | None = None
    weight: int | None = None
    ranked: bool = False
    tells_too_much: bool = False


@blueprint.get("/ballots/<slug>/booth")
@require(Permission.BALLOT_CAST)
def booth(slug: str) -> ResponseReturnValue:
    """Open the booth for a member on the roll while the ballot is open; else say why it is shut."""
    actor = current_actor()
    now = utcnow()
    with reading() as session:
        page = queries.ballot_page(session, slug, actor, now)
    if page.state != State.OPEN or now >= page.closes_at or not page.on_roll or page.fingerprint is None:
        return render_template(
            "ballots/shut.html", page=page, before=page.state in {"draft", "keys", "credentials"}
        )
    return render_template("ballots/booth.html", booth=_booth(page, page.fingerprint, actor))


def _booth(page: BallotPage, fingerprint: str, actor: Actor) -> Booth:
    slug = page.slug
    return Booth(
        title=page.title,
        intro=page.intro,
        closes_text=closes_text(page, actor),
        election_json_url=url_for("ballots.election_json", slug=slug),
        fingerprint=fingerprint,
        cast_url=url_for("ballots.cast", slug=slug),
        credentials_url=url_for("ballots.credentials_json", slug=slug)
        if page.eligible <= CHECKED_IN_BOOTH
        else None,
        board_url=url_for("ballots.board", slug=slug),
        leave_url=url_for("ballots.page", slug=slug),
        help_url=url_for("ballots.page", slug=slug) + "#help",
        has_voted=page.voted is True,
        trustees=tuple(gettext(seat.name) if seat.server else seat.name for seat in page.seats),
        server_only=page.server_only,
        receipt_key=signer().public_key,
        codes_by_officer=page.codes_by_officer,
        holding=page if page.threshold is not None else None,
        weight=page.my_weight,
        ranked=page.ranked,
        tells_too_much=page.tells_too_much,
    )


def closes_text(page: BallotPage, actor: Actor) -> str:
    """Return when the ballot closes, in its own zone and the reader's."""
    there = when(page.closes_at, page.zone)
    if page.zone == actor.zone:
        return gettext(msg("Closes %(there)s."), there=there)
    here = when(page.closes_at, actor.zone)
    return gettext(msg("Closes %(there)s; for you %(here)s."), there=there, here=here)


def _cast(slug: str, votes: Sequence[Vote]) -> list[Receipt | Refusal]:
    with transaction() as session:
        return service.cast_all(session, slug=slug, votes=votes, now=utcnow(), signer=signer())


_desk = Desk(_cast)


@blueprint.post("/ballots/<slug>/cast")
@require(Permission.BALLOT_CAST)
def cast(slug: str) -> ResponseReturnValue:
    """Take a sealed ballot: checked before the lock, put on the board within it."""
    (text,) = posted("ballot")
    with glance() as connection:
        place = service.booth(connection, slug=slug, text=text)
    answer = _desk.take(place.slug, current_actor(), text, lambda: service.examine(place, text))
    if isinstance(answer, Refusal):
        return refused(answer)
    received = {"received_text": when(utcnow())} if not answer.repeated else {}
    return jsonify(
        tracker=answer.tracker,
        height=answer.height,
        chain_head=answer.chain_head,
        signature=answer.signature,
        **received,
    ), 200 if answer.repeated else 201


@blueprint.get("/ballots/<slug>/election.json")
@public
def election_json(slug: str) -> ResponseReturnValue:
    """Give the election record, byte for byte as it was fingerprinted."""
    with reading() as session:
        content = queries.election_record(session, slug)
    return raw_json(content, keep=True)


@blueprint.get("/ballots/<slug>/credentials.json")
@public
def credentials_json(slug: str) -> ResponseReturnValue:
    """Give the public credentials in their published order."""
    with reading() as session:
        points = queries.credentials(session, slug)
    return raw_json(json.dumps(points, separators=(",", ":")).encode())
