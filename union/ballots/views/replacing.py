"""The page where an organizer gives a trustee's place to somebody else, before voting opens."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.rules import BEFORE_OPENING
from union.ballots.run_forms import ReplaceForm
from union.ballots.views.kit import blueprint, settings
from union.core.actor import Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.get("/ballots/<slug>/replace-trustee")
@require(Permission.BALLOT_RUN)
def replacing(slug: str) -> ResponseReturnValue:
    """Ask who leaves and who comes; after the opening say why it is too late and what helps."""
    return _page(slug, ReplaceForm(formdata=None))


def _choices(slug: str, form: ReplaceForm) -> queries.BallotPage:
    with reading() as session:
        page = queries.ballot_page(session, slug, current_actor(), utcnow())
        seated = queries.holder_ids(session, slug)
        free = [one for one in members.with_role(session, Role.TRUSTEE) if one not in seated]
        names = members.display_names(session, free)
    form.leaves.choices = options((str(seat.position), seat.name) for seat in page.holders)
    form.comes.choices = options(sorted(names.items(), key=lambda pair: pair[1]))
    return page


def _page(slug: str, form: ReplaceForm, status: int = 200) -> ResponseReturnValue:
    page = _choices(slug, form)
    before = page.state in BEFORE_OPENING
    return render_template("ballots/replace_trustee.html", page=page, form=form, before=before), status


@blueprint.post("/ballots/<slug>/replace-trustee")
@require(Permission.BALLOT_RUN)
def replace_trustee(slug: str) -> ResponseReturnValue:
    """Give a trustee's place to another, and tell everybody."""
    form = ReplaceForm()
    _choices(slug, form)
    if not form.validate():
        return _page(slug, form, 422)
    try:
        with transaction() as session:
            left = service.replace_trustee(
                session,
                actor=current_actor(),
                now=utcnow(),
                slug=slug,
                position=int(form.leaves.data),
                member_id=form.comes.data,
                public_url=settings().public_url,
            )
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(slug, form, 422)
    came = {choice.value: choice.label for choice in form.comes.choices}[form.comes.data]
    flash(gettext(msg("%(came)s takes the place of %(left)s."), came=came, left=left), "ok")
    return redirect(url_for("ballots.run", slug=slug) + "#trustees", 303)
