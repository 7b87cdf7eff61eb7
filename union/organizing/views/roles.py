"""Who organizes where, for officers; and the requests for files that wait for a second person."""

from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.actor import Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members.rules.membership import ROLE_WORDS
from union.organizing import forms, queries, service
from union.organizing.views.common import PLACE_WORDS, blueprint
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/organizing/roles", methods=["GET", "POST"])
@require(Permission.ROLE_GRANT)
def roles() -> ResponseReturnValue:
    """List the roles limited to a place, and give new ones."""
    actor, now = current_actor(), utcnow()
    form = forms.RoleForm()
    with reading() as session:
        places = queries.campaign_places(session, actor=actor)
    form.place.choices = options(
        (forms.place_value(place), f"{gettext(PLACE_WORDS[place.kind])}: {name}") for place, name in places
    )
    if form.validate_on_submit():
        place = forms.place_of(form.place.data)
        try:
            with transaction() as session:
                service.grant_role(
                    session,
                    actor=actor,
                    who=form.who.data,
                    role=Role(form.role.data),
                    place=place or places[0][0],
                    until=now + timedelta(days=form.days.data),
                    now=now,
                )
            flash(gettext(msg("Given. It ends by itself.")), "ok")
            return redirect(url_for("organizing.roles"), 303)
        except UnionError as refusal:
            if refusal.field == "until":
                refusal.field = "days"
            form.refuse(refusal)
    with reading() as session:
        found = queries.local_roles(session, actor=actor, now=now)
    status = 422 if form.errors or form.form_errors else 200
    return render_template(
        "organizing/roles.html", form=form, found=found, roles=ROLE_WORDS, places=PLACE_WORDS
    ), status


@blueprint.post("/organizing/roles/<grant_id>/end")
@require(Permission.ROLE_GRANT)
def role_end(grant_id: str) -> ResponseReturnValue:
    """End such a role now."""
    with transaction() as session:
        service.end_role(session, actor=current_actor(), grant_id=grant_id, now=utcnow())
    return redirect(url_for("organizing.roles"), 303)


@blueprint.get("/organizing/exports")
@require(Permission.ORGANIZING_RELEASE)
def exports() -> ResponseReturnValue:
    """List the requests for files that wait for the reader."""
    with reading() as session:
        found = queries.exports(session, actor=current_actor(), now=utcnow())
    return render_template("organizing/exports.html", found=found)
