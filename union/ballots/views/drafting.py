"""Draft a ballot: one form, everything in it can still change until the ballot opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from union.ballots import papers, presets, service
from union.ballots.forms import KINDS, BallotForm
from union.ballots.paper_forms import KINDS as PAPER_KINDS
from union.ballots.paper_forms import ballot_form, kinds_in, questions, rearranged, title_of
from union.ballots.papers import Asked, Part
from union.ballots.views.kit import blueprint
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.platforms import queries as platforms
from union.web.fields import local, options
from union.web.guards import current_actor, require
from union.web.i18n import gettext

COMMON_ZONES = (
    "Europe/Amsterdam",
    "Europe/Brussels",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Paris",
    "UTC",
)


@blueprint.get("/ballots/new")
@require(Permission.BALLOT_PLAN)
def new() -> ResponseReturnValue:
    """Show an empty draft."""
    now = utcnow()
    actor = current_actor()
    form = ballot_form([Part.DECISION])(formdata=None)
    _choices(form, actor)
    form.asks.data = Part.DECISION.value
    form.zone.data = actor.zone
    form.preset.data = presets.DEFAULT
    form.opens.data = local(now + timedelta(days=7), actor.zone).replace(hour=9, minute=0)
    form.closes.data = local(now + timedelta(days=14), actor.zone).replace(hour=20, minute=0)
    return _form(form, [Part.DECISION])


@blueprint.post("/ballots/new")
@require(Permission.BALLOT_PLAN)
def draft() -> ResponseReturnValue:
    """Write the draft down; or change its questions, or show what voters will see: what was typed stays."""
    actor = current_actor()
    typed: MultiDict[str, str] = request.form
    kinds = kinds_in(typed.get("asks", ""))
    if "add" in typed or "remove" in typed:
        gone = typed.get("remove", None, type=int)
        typed = rearranged(typed, kinds, add=typed.get("add", ""), remove=gone, language=actor.language)
        kinds = kinds_in(typed["asks"])
        form = ballot_form(kinds)(formdata=typed)
        _choices(form, actor)
        return _form(form, kinds)
    form = ballot_form(kinds)()
    _choices(form, actor)
    if not form.validate():
        return _form(form, kinds, 422)
    try:
        asked = questions(form, kinds, actor.language)
        if "preview" in typed:
            papers.check(asked, form.group.data or papers.group_for(asked))
            return _form(form, kinds, preview=_preview(form, asked))
        slug = _write(form, asked, actor)
    except UnionError as refusal:
        form.refuse(refusal)
        return _form(form, kinds, 422)
    flash(gettext(msg("The draft is written. Nothing is sent yet.")), "ok")
    return redirect(url_for("ballots.run", slug=slug), 303)


def _write(form: BallotForm, asked: list[Asked], actor: Actor) -> str:
    with transaction() as session:
        return service.draft(
            session,
            actor=actor,
            now=utcnow(),
            kind=form.kind.data,
            subject="",
            title=form.title.data,
            intro=form.intro.data or "",
            questions=asked,
            preset=form.preset.data,
            group=form.group.data,
            opens_at=form.moment("opens", form.zone.data),
            closes_at=form.moment("closes", form.zone.data),
            zone=form.zone.data,
            platform_slug=form.platform.data or None,
            chapter_slug=form.chapter.data or None,
            trustee_ids=form.trustees.data or [],
            server_trustee=form.server_trustee.data,
            threshold=form.chosen(),
            rule_confirmed=form.rule_confirmed.data,
            contest_days=form.contest_days.data,
            clause=form.clause(),
        )


@dataclass(frozen=True)
class Preview:
    """What voters will see. voters: how many may vote now. tells: rare orders may point to people."""

    questions: tuple[Asked, ...]
    voters: int
    group: str
    tells: bool


def _preview(form: BallotForm, asked: list[Asked]) -> Preview:
    with reading() as session:
        voters = len(
            members.eligible(
                session,
                platform_slug=form.platform.data or None,
                chapter_slug=form.chapter.data or None,
            )
        )
    group = form.group.data or papers.group_for(asked)
    return Preview(tuple(asked), voters, group, papers.tells_too_much(asked, voters))


def _form(
    form: BallotForm, kinds: Sequence[str], status: int = 200, preview: Preview | None = None
) -> ResponseReturnValue:
    families = presets.selectable()
    asks = [
        (title_of(place, kind), [f for f in form if f.name.startswith(papers.field(place, ""))])
        for place, kind in enumerate(kinds)
    ]
    offers = [
        (kind, gettext(text))
        for kind, text in PAPER_KINDS.items()
        if kind != Part.DECISION or kind not in kinds
    ]
    return render_template(
        "ballots/new.html",
        form=form,
        families=families,
        asks=asks,
        offers=offers if len(kinds) < papers.MOST_QUESTIONS else [],
        preview=preview,
    ), status


def _choices(form: BallotForm, actor: Actor) -> None:
    with reading() as session:
        chapters = members.chapters(session)
        companies = platforms.own(session)
        names = members.display_names(session, members.with_role(session, Role.TRUSTEE))
    form.kind.choices = options((kind.value, gettext(text)) for kind, text in KINDS.items())
    form.preset.choices = options(
        (family, gettext(versions[-1].name)) for family, versions in presets.selectable().items()
    )
    zones = dict.fromkeys([actor.zone, *(chapter.zone for chapter in chapters), *COMMON_ZONES])
    form.zone.choices = options((zone, zone.replace("_", " ")) for zone in zones)
    everybody = gettext(msg("all members"))
    form.platform.choices = options([("", everybody), *((p.slug, p.name) for p in companies)])
    anywhere = gettext(msg("all chapters"))
    form.chapter.choices = options([("", anywhere), *((c.slug, c.name) for c in chapters)])
    form.trustees.choices = options(sorted(names.items(), key=lambda pair: pair[1]))
