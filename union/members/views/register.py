"""The register for organizers: names and states; addresses only with a reason, which is written down."""

from urllib.parse import urlencode

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.actor import Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, UnionError
from union.core.i18n import msg
from union.core.permissions import Permission, permits
from union.members import forms, queries, service
from union.members.rules.membership import GRANTABLE, ROLE_WORDS, STATE_WORDS, WORK_WORDS, State
from union.members.views.base import blueprint, site
from union.platforms import queries as platforms
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/members", methods=["GET", "POST"])
@require(Permission.MEMBER_READ)
def register() -> ResponseReturnValue:
    """List members; an address to search for is posted, so that it stays out of logs and history."""
    contact = request.form.get("contact", "").strip()[:254] if request.method == "POST" else ""
    state = next((one for one in State if one == request.args.get("state")), None)
    chapter, platform = request.args.get("chapter", "")[:60], request.args.get("platform", "")[:80]
    page = max(1, request.args.get("page", 1, type=int))
    with reading() as reader:
        found = queries.register_page(
            reader,
            actor=current_actor(),
            page=page,
            state=state,
            chapter=chapter,
            platform=platform,
            contact=contact,
        )
        chapters = queries.chapters(reader)
        names = [(card.slug, card.name) for card in platforms.own(reader)]

    def address(**other: str | int | None) -> str:
        asked = {"state": state, "chapter": chapter, "platform": platform, **other}
        query = urlencode({name: value for name, value in asked.items() if value})
        return url_for("members.register") + (f"?{query}" if query else "")

    return render_template(
        "members/register/index.html",
        found=found,
        state=state,
        chapter=chapter,
        platform=platform,
        contact=contact,
        chapters=chapters,
        platforms=names,
        states=STATE_WORDS,
        work=WORK_WORDS,
        roles=ROLE_WORDS,
        address=address,
    )


@blueprint.get("/members/waiting")
@require(Permission.MEMBER_ADMIT)
def waiting() -> ResponseReturnValue:
    """List applicants, who waits longest first."""
    page = max(1, request.args.get("page", 1, type=int))
    with reading() as reader:
        found = queries.register_page(reader, actor=current_actor(), page=page, state=State.APPLICANT)
    return render_template("members/register/waiting.html", found=found, work=WORK_WORDS)


def _page(member_id: str, form: forms.ReasonForm, status: int = 200, **shown: object) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as reader:
        page = queries.member_page(reader, actor=actor, member_id=member_id)
    held = {"addresses": None, **shown}
    return render_template(
        "members/register/member.html",
        page=page,
        form=form,
        states=STATE_WORDS,
        work=WORK_WORDS,
        roles=ROLE_WORDS,
        grantable=[role for role in GRANTABLE if role not in page.card.roles],
        may={
            p.name: permits(actor, p)
            for p in (Permission.MEMBER_SUSPEND, Permission.ROLE_GRANT, Permission.MEMBER_ADMIT)
        },
        **held,
    ), status


@blueprint.get("/members/<member_id>")
@require(Permission.MEMBER_READ)
def member(member_id: str) -> ResponseReturnValue:
    """Show one member, without addresses."""
    return _page(member_id, forms.ReasonForm(formdata=None))


@blueprint.post("/members/<member_id>/contact")
@require(Permission.MEMBER_READ)
def member_contact(member_id: str) -> ResponseReturnValue:
    """Show a member's addresses once, for a reason that is written down."""
    form = forms.ReasonForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                service.reveal_contact(
                    writing, actor=current_actor(), member_id=member_id, reason=form.reason.data, now=utcnow()
                )
                found = queries.addresses(writing, member_id)
            return _page(member_id, forms.ReasonForm(formdata=None), addresses=found)
        except Invalid as refusal:
            form.refuse(refusal)
    return _page(member_id, form, 422)


@blueprint.post("/members/<member_id>/admit")
@require(Permission.MEMBER_ADMIT)
def member_admit(member_id: str) -> ResponseReturnValue:
    """Take an applicant in."""
    with transaction() as writing:
        service.admit(writing, actor=current_actor(), member_id=member_id, now=utcnow(), site=site())
    flash(gettext(msg("Admitted. They have been told.")), "ok")
    return redirect(url_for("members.waiting"), 303)


@blueprint.route("/members/<member_id>/decline", methods=["GET", "POST"])
@require(Permission.MEMBER_ADMIT)
def member_decline(member_id: str) -> ResponseReturnValue:
    """Turn an applicant down, with a reason."""
    return _with_reason(member_id, "decline")


@blueprint.route("/members/<member_id>/suspend", methods=["GET", "POST"])
@require(Permission.MEMBER_SUSPEND)
def member_suspend(member_id: str) -> ResponseReturnValue:
    """Suspend a member, with a reason."""
    return _with_reason(member_id, "suspend")


def _with_reason(member_id: str, what: str) -> ResponseReturnValue:
    form = forms.ReasonForm()
    if form.validate_on_submit():
        verb = service.decline if what == "decline" else service.suspend
        try:
            with transaction() as writing:
                verb(
                    writing, actor=current_actor(), member_id=member_id, reason=form.reason.data, now=utcnow()
                )
            flash(gettext(msg("Done. They have been told, with the reason.")), "ok")
            return redirect(url_for("members.waiting" if what == "decline" else "members.register"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    with reading() as reader:
        page = queries.member_page(reader, actor=current_actor(), member_id=member_id)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("members/register/reason.html", form=form, page=page, what=what), status


@blueprint.post("/members/<member_id>/reinstate")
@require(Permission.MEMBER_SUSPEND)
def member_reinstate(member_id: str) -> ResponseReturnValue:
    """Let a suspended member take part again."""
    with transaction() as writing:
        service.reinstate(writing, actor=current_actor(), member_id=member_id, now=utcnow(), site=site())
    return redirect(url_for("members.member", member_id=member_id), 303)


@blueprint.post("/members/<member_id>/roles/<role>/<act>")
@require(Permission.ROLE_GRANT)
def member_role(member_id: str, role: str, act: str) -> ResponseReturnValue:
    """Grant or take back a role."""
    found = next((one for one in Role if one == role), None)
    verb = {"grant": service.grant_role, "revoke": service.revoke_role}.get(act)
    if found is None or verb is None:
        raise Invalid(msg("That role cannot be granted."))
    with transaction() as writing:
        verb(writing, actor=current_actor(), member_id=member_id, role=found, now=utcnow())
    return redirect(url_for("members.member", member_id=member_id), 303)


@blueprint.route("/members/export", methods=["GET", "POST"])
@require(Permission.MEMBER_EXPORT)
def register_export() -> ResponseReturnValue:
    """Take the register out as CSV, for a reason that is written down."""
    form = forms.ReasonForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                text = service.export_register(
                    writing, actor=current_actor(), reason=form.reason.data, now=utcnow()
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            name = "attachment; filename=members.csv"
            return Response(text, mimetype="text/csv", headers={"Content-Disposition": name})
    return render_template("members/register/export.html", form=form), (422 if form.errors else 200)


@blueprint.route("/members/chapters", methods=["GET", "POST"])
@require(Permission.MEMBER_IMPORT)
def chapters() -> ResponseReturnValue:
    """List chapters and found new ones."""
    form = forms.ChapterAddForm(zone="Europe/Amsterdam")
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                service.add_chapter(
                    writing, actor=current_actor(), name=form.name.data, zone=form.zone.data, now=utcnow()
                )
            return redirect(url_for("members.chapters"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    with reading() as reader:
        found = queries.chapters(reader)
        counts = queries.active_by_chapter(reader)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("members/register/chapters.html", form=form, chapters=found, counts=counts), status
