"""What the buttons of the organizers' page do: each act says in one sentence what it did."""

from collections.abc import Callable
from datetime import datetime

from flask import request

from union.ballots import service
from union.ballots.views.kit import settings
from union.core.actor import Actor
from union.core.db import transaction
from union.core.i18n import msg
from union.web.i18n import gettext, number

Act = Callable[[Actor, datetime, str], str]


def _doing(verb: Callable[..., object], said: str, *, writes: bool = True) -> Act:
    """Return the act that does `verb`. writes: it writes to people; said: what it did, to be translated."""

    def act(actor: Actor, now: datetime, slug: str) -> str:
        address = {"public_url": settings().public_url} if writes else {}
        with transaction() as session:
            verb(session, actor=actor, now=now, slug=slug, **address)
        return gettext(said)

    return act


def _credentials(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        issued = service.issue_credentials(
            session, actor=actor, now=now, slug=slug, public_url=settings().public_url
        )
    return gettext(msg("The roll is frozen: %(n)s members get a voting code."), n=number(issued.eligible))


def _open(actor: Actor, now: datetime, slug: str) -> str:
    untested = [int(n) for n in request.form.get("untested", "").split(",") if n.isdecimal() and len(n) < 4]  # noqa: PLR2004 - small
    with transaction() as session:
        service.open_ballot(session, actor=actor, now=now, slug=slug, untested=untested)
    return gettext(msg("Voting is open."))


def _remind(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        written = service.remind(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("%(n)s members who have not voted are reminded."), n=number(written))


def _drop_trustee(actor: Actor, now: datetime, slug: str) -> str:
    position = request.form.get("position", 0, type=int)
    with transaction() as session:
        service.drop_trustee(
            session,
            actor=actor,
            now=now,
            slug=slug,
            position=position,
            public_url=settings().public_url,
        )
    return gettext(msg("The trustee is taken off the list."))


def _leave_out(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        name = service.leave_out(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("The count goes on without the shuffle of %(name)s."), name=name)


def _let_in(actor: Actor, now: datetime, slug: str) -> str:
    position = request.form.get("position", 0, type=int)
    with transaction() as session:
        service.let_in(
            session, actor=actor, now=now, slug=slug, position=position, public_url=settings().public_url
        )
    return gettext(msg("The trustee can shuffle again, and is told so."))


def _remind_shuffler(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        written = service.remind_shuffler(
            session, actor=actor, now=now, slug=slug, public_url=settings().public_url
        )
    return gettext(
        msg("The trustee is reminded.") if written else msg("The trustee was written to today already.")
    )


ACTS: dict[str, Act] = {
    "ask-keys": _doing(service.ask_for_keys, msg("The trustees are asked for their keys.")),
    "credentials": _credentials,
    "open": _open,
    "remind": _remind,
    "cancel": _doing(service.cancel, msg("The ballot is called off.")),
    "give-up": _doing(
        service.give_up, msg("The ballot is ended without a count; everybody on the roll is told.")
    ),
    "keep-counting": _doing(service.keep_counting, msg("It is taken back: the count goes on."), writes=False),
    "confirm-rule": _doing(service.confirm_rule, msg("The rule is confirmed."), writes=False),
    "drop-trustee": _drop_trustee,
    "keys-anew": _doing(service.begin_again, msg("All keys are made anew; the trustees are told.")),
    "leave-out": _leave_out,
    "let-in": _let_in,
    "remind-shuffler": _remind_shuffler,
}
