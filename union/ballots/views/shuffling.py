"""A trustee's page for shuffling orders and grades, after the close and before the decryption."""

from dataclasses import dataclass

from flask import jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.service import Refusal
from union.ballots.views.kit import LARGEST, blueprint, posted, refused, settings
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Closed, NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, require, takes


@dataclass(frozen=True)
class Shuffle:
    """What the shuffle page shows and hands to its script."""

    title: str
    trustee_name: str
    election_json_url: str
    fingerprint: str
    tally_url: str
    submit_url: str
    leave_url: str
    done: bool


@blueprint.get("/ballots/<slug>/shuffle")
@require(Permission.BALLOT_TRUSTEE)
def shuffle(slug: str) -> ResponseReturnValue:
    """Let a trustee shuffle in the browser, when it is the trustee's turn."""
    actor = current_actor()
    with reading() as session:
        page = queries.ballot_page(session, slug, actor, utcnow())
        seat = page.my_seat
        if seat is None:
            raise NotAllowed(msg("You are not a trustee of this ballot."))
        if not seat.shuffle or page.fingerprint is None:
            raise Closed(msg("Nothing is shuffled in this ballot now."))
        if seat.shuffle != "done":
            service.shuffle_work(session, actor=actor, slug=slug)  # says why it is not this trustee's turn
    shown = Shuffle(
        page.title,
        seat.name,
        url_for("ballots.election_json", slug=page.slug),
        page.fingerprint,
        url_for("ballots.tally_json", slug=page.slug),
        url_for("ballots.submit_shuffle", slug=page.slug),
        url_for("ballots.page", slug=page.slug),
        seat.shuffle == "done",
    )
    return render_template("ballots/trustee_shuffle.html", shuffle=shown)


@blueprint.post("/ballots/<slug>/shuffle")
@require(Permission.BALLOT_TRUSTEE)
@takes(LARGEST)
def submit_shuffle(slug: str) -> ResponseReturnValue:
    """Take a trustee's shuffle: its proof is checked before the lock, and put on the board within it."""
    (text,) = posted("shuffle")
    actor = current_actor()
    with reading() as session:
        page = queries.ballot_page(session, slug, actor, utcnow())
        mine = page.my_seat is not None and page.my_seat.shuffle == "turn"
        work = service.shuffle_work(session, actor=actor, slug=slug) if mine else None
    examined = service.examine_shuffle(work, text) if work else None
    with transaction() as session:
        answer = service.submit_shuffle(
            session,
            actor=actor,
            now=utcnow(),
            slug=slug,
            text=text,
            public_url=settings().public_url,
            examined=examined,
        )
    return refused(answer) if isinstance(answer, Refusal) else jsonify(waiting=answer.waiting)
