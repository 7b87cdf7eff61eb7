"""News of a campaign: post, edit, take back, restore; every version stays readable."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.campaigns import queries, service
from union.campaigns.rules import NEWS_WAITS
from union.campaigns.signing_forms import NewsForm
from union.campaigns.views.common import blueprint, site
from union.campaigns.views.organize import organize_again
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, permits
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext, ngettext


@blueprint.post("/campaigns/<slug>/updates")
@require(Permission.CAMPAIGN_PLAN)
def update(slug: str) -> ResponseReturnValue:
    """Post news."""
    form = NewsForm(prefix="update")
    if not form.validate_on_submit():
        return organize_again(slug, update=form)
    with transaction() as session:
        service.add_update(
            session,
            slug=slug,
            actor=current_actor(),
            title=form.title.data.strip(),
            text=form.text.data.strip(),
            now=utcnow(),
            mail=bool(form.mail.data),
            public_url=site(),
        )
    flash(gettext("Your news is on the campaign page and in its feed."), "ok")
    if form.mail.data:
        minutes = int(NEWS_WAITS.total_seconds() // 60)
        flash(
            gettext(
                "The emails leave in %(n)s minutes. Take the news back until then to stop them.", n=minutes
            ),
            "neutral",
        )
    return redirect(url_for("campaigns.organize", slug=slug, _anchor="news"), 303)


@blueprint.get("/campaigns/<slug>/updates/<int:update_id>")
@public
def update_page(slug: str, update_id: int) -> ResponseReturnValue:
    """Show one piece of news and how its words changed."""
    with reading() as session:
        found = queries.update_page(session, slug, update_id)
        card = queries.card(session, slug)
    if found.taken_back and not permits(current_actor(), Permission.CAMPAIGN_PLAN):
        raise NotFound(msg("There is no such news."))
    return render_template("campaigns/update.html", found=found, card=card)


@blueprint.route("/campaigns/<slug>/updates/<int:update_id>/edit", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def edit_update(slug: str, update_id: int) -> ResponseReturnValue:
    """Change the words of a piece of news."""
    form = NewsForm()
    del form.mail
    with reading() as session:
        found = queries.update_page(session, slug, update_id)
        card = queries.card(session, slug)
    if request.method == "GET":
        form.title.data, form.text.data = found.title, found.text
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.edit_update(
                    session,
                    slug=slug,
                    update_id=update_id,
                    actor=current_actor(),
                    title=form.title.data.strip(),
                    text=form.text.data.strip(),
                    now=utcnow(),
                    public_url=site(),
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The news is changed; the earlier words stay readable."), "ok")
            return redirect(url_for("campaigns.organize", slug=slug, _anchor="news"), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("campaigns/edit_update.html", form=form, found=found, card=card), status


@blueprint.post("/campaigns/<slug>/updates/<int:update_id>/take-back")
@require(Permission.CAMPAIGN_PLAN)
def take_back_update(slug: str, update_id: int) -> ResponseReturnValue:
    """Take news off the page and stop what emails still wait."""
    with transaction() as session:
        stopped = service.take_back_update(
            session, slug=slug, update_id=update_id, actor=current_actor(), now=utcnow()
        )
    flash(gettext("The news is off the page and the feed. You can put it back."), "ok")
    if stopped:
        flash(ngettext("%(n)s email was stopped.", "%(n)s emails were stopped.", stopped), "neutral")
    return redirect(url_for("campaigns.organize", slug=slug, _anchor="news"), 303)


@blueprint.post("/campaigns/<slug>/updates/<int:update_id>/restore")
@require(Permission.CAMPAIGN_PLAN)
def restore_update(slug: str, update_id: int) -> ResponseReturnValue:
    """Put news back."""
    with transaction() as session:
        service.restore_update(session, slug=slug, update_id=update_id, actor=current_actor(), now=utcnow())
    flash(gettext("The news is back on the page and in the feed."), "ok")
    return redirect(url_for("campaigns.organize", slug=slug, _anchor="news"), 303)
