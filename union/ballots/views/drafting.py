"""Draft a ballot: one form, everything in it can still change until the ballot opens."""

from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import presets, service
from union.ballots.forms import GROUP_HINTS, KINDS, NEEDED, NEEDED_HINTS, BallotForm, local, options
from union.ballots.views.kit import blueprint, translated
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.platforms import queries as platforms
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
    form = BallotForm(formdata=None)
    _choices(form, actor)
    form.zone.data = actor.zone
    form.preset.data = presets.DEFAULT
    form.opens.data = local(now + timedelta(days=7), actor.zone).replace(hour=9, minute=0)
    form.closes.data = local(now + timedelta(days=14), actor.zone).replace(hour=20, minute=0)
    return _form(form)


@blueprint.post("/ballots/new")
@require(Permission.BALLOT_PLAN)
def draft() -> ResponseReturnValue:
    """Write the draft down."""
    actor = current_actor()
    form = BallotForm()
    _choices(form, actor)
    if not form.validate():
        return _form(form, 422)
    try:
        with transaction() as session:
            slug = service.draft(
                session,
                actor=actor,
                now=utcnow(),
                kind=form.kind.data,
                subject="",
                title=form.title.data,
                intro=form.intro.data or "",
                questions=form.questions(actor.language),
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
            )
    except UnionError as refusal:
        form.refuse(refusal)
        return _form(form, 422)
    flash(gettext(msg("The draft is written. Nothing is sent yet.")), "ok")
    return redirect(url_for("ballots.run", slug=slug), 303)


def _form(form: BallotForm, status: int = 200) -> ResponseReturnValue:
    families = presets.selectable()
    hints = {name: gettext(text) for name, text in GROUP_HINTS.items()}
    return render_template(
        "ballots/new.html",
        form=form,
        families=families,
        group_hints=hints,
        needed_hints=translated(NEEDED_HINTS),
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
    form.needed.choices = options(translated(NEEDED).items())
    form.trustees.choices = options(sorted(names.items(), key=lambda pair: pair[1]))
