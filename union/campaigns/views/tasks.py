"""The organizers' next steps: of a campaign with pledges, and of one that gathers signatures."""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from union.campaigns import rules
from union.campaigns.queries import OrganizePage
from union.campaigns.rules import Stage, Turn
from union.core.i18n import msg
from union.web.i18n import gettext, number, when

DONE, OPEN, LATER, LIVE = (
    (msg("Done"), "agreed"),
    (msg("To do"), "waiting"),
    (msg("Later"), "neutral"),
    (msg("Under way"), "live"),
)


@dataclass(frozen=True)
class Task:
    """One next step on the organizers' page."""

    label: str
    status: str
    kind: str
    url: str | None = None
    detail: str | None = None


def _task(label: str, stands: tuple[str, str], *, url: str | None = None, detail: str | None = None) -> Task:
    return Task(gettext(label), gettext(stands[0]), stands[1], url, detail)


def tasks(found: OrganizePage, now: datetime) -> list[Task]:
    """Return the next steps, each with where it stands and where it is done."""
    card = found.page.card
    published = card.stage is not Stage.DRAFT
    first = _task(
        msg("Write the campaign"),
        DONE,
        url=None if published else url_for("campaigns.edit", slug=card.slug),
        detail=None if published else gettext("Title, demand, words, goal and deadline"),
    )
    publish = _task(
        msg("Publish and freeze the words"),
        DONE if published else OPEN,
        url=None if published else url_for("campaigns.publish", slug=card.slug),
        detail=gettext("People can sign from then on")
        if card.signed
        else gettext("Members can pledge from then on"),
    )
    if card.signed:
        return [first, publish, *_signed(found)]
    return [first, _demands(found), publish, *_pledged(found, now)]


def _demands(found: OrganizePage) -> Task:
    return _task(
        msg("Settle the demands"),
        DONE if found.adopted and not found.proposed and not found.amendments else OPEN,
        url=url_for("campaigns.demands", slug=found.page.card.slug),
        detail=gettext(
            "%(adopted)s adopted, %(proposed)s proposed, %(amendments)s amendments waiting",
            adopted=found.adopted,
            proposed=found.proposed,
            amendments=found.amendments,
        ),
    )


def _pledged(found: OrganizePage, now: datetime) -> list[Task]:
    page, card = found.page, found.page.card
    slug, stage = card.slug, card.stage
    published, settled = stage is not Stage.DRAFT, card.settled_at is not None
    mandate = page.mandate if page.mandate is not None and page.mandate.in_force(now) else None
    may_vote = rules.possible(stage, Turn.LAUNCH_VOTE, card.kind)
    may_bargain = rules.possible(stage, Turn.BARGAIN, card.kind)
    ballot = url_for("ballots.page", slug=card.ballot_slug) if card.ballot_slug else None
    voting = LIVE if stage is Stage.BALLOT else DONE if mandate else OPEN if may_vote else LATER
    return [
        _task(
            msg("Gather pledges"),
            DONE if settled else LIVE if published else LATER,
            url=url_for("campaigns.poster", slug=slug) if published and not settled else None,
            detail=gettext("Settles %(when)s", when=when(card.pledge_deadline, card.zone)),
        ),
        _task(
            msg("Launch the strike vote"),
            voting,
            url=url_for("campaigns.launch", slug=slug) if may_vote else ballot,
            detail=gettext("Only a passed vote gives a mandate to act"),
        ),
        _task(
            msg("Act"),
            LIVE if stage is Stage.ACTING else OPEN if mandate else LATER,
            url=f"/actions/new/{slug}" if mandate and rules.possible(stage, Turn.ACT, card.kind) else None,
            detail=gettext("Mandate until %(when)s", when=when(mandate.expires_at, card.zone))
            if mandate
            else gettext("Needs a mandate in force"),
        ),
        _task(
            msg("Bargain"),
            LIVE
            if stage is Stage.BARGAINING
            else DONE
            if stage is Stage.WON
            else OPEN
            if may_bargain
            else LATER,
            url="/bargaining" if may_bargain else None,
            detail=gettext("Sessions, offers and what is agreed"),
        ),
    ]


def _signed(found: OrganizePage) -> list[Task]:
    card = found.page.card
    published, gathering = card.stage is not Stage.DRAFT, card.stage is Stage.GATHERING
    handed = any(line.kind == "handed_over" for line in found.page.updates)
    signatures = url_for("campaigns.signatures", slug=card.slug) if published else None
    return [
        _task(
            msg("Gather signatures"),
            LIVE if gathering else DONE if published else LATER,
            url=url_for("campaigns.poster", slug=card.slug) if gathering else None,
            detail=gettext("Closes %(when)s", when=when(card.pledge_deadline, card.zone)),
        ),
        _task(
            msg("Hand them over"),
            DONE if handed else OPEN if published and not card.to_threshold else LATER,
            url=signatures,
            detail=gettext(
                "%(n)s confirmed; you meant to hand over from %(threshold)s",
                n=number(card.verified),
                threshold=number(card.threshold),
            ),
        ),
    ]
