"""Which provider texts leave by: shares, how each does, how the shares moved, and a hand on them."""

from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.notify import channels, queries, words
from union.notify.forms import ShareForm
from union.notify.service import routes as service
from union.notify.views.common import blueprint, settings
from union.web import figures
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext, when


@blueprint.get("/deliveries/routes")
@require(Permission.MESSAGES_READ)
def routes() -> ResponseReturnValue:
    """Show how texts are shared out."""
    return _page(ShareForm(formdata=None)), 200


def _page(form: ShareForm) -> str:
    now, providers = utcnow(), channels.texting(settings())
    with reading() as session:
        page = queries.routes_page(session, providers=providers, now=now)
    form.provider.choices = options((name, words.PROVIDERS.get(name, name)) for name in sorted(providers))
    return render_template(
        "notify/routes.html", page=page, form=form, providers=providers,
        drawings=[(line.provider, _drawing(page, line.provider, now)) for line in page.lines],
        reasons=words.REASONS,
    )  # fmt: skip


def _drawing(page: queries.RoutesPage, provider: str, now: datetime) -> Markup:
    """Draw a provider's share over the last days."""
    points = page.points(provider, now)
    if not points:
        return Markup("")
    return figures.steps_over_time(
        points, title=gettext(msg("Share of %(name)s"), name=words.PROVIDERS.get(provider, provider)),
        first=when(points[0][0]), last=gettext(msg("now")), top="100", whole=100,
    )  # fmt: skip


@blueprint.post("/deliveries/routes")
@require(Permission.MESSAGES_ROUTE)
def set_share() -> ResponseReturnValue:
    """Give a provider its share by hand."""
    form = ShareForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.set_share(
                    session, actor=current_actor(), now=utcnow(), provider=form.provider.data or "",
                    weight=form.weight.data, providers=channels.texting(settings()),
                )  # fmt: skip
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext(msg("Set. It stays so until somebody lets it move again.")), "ok")
            return redirect(url_for("notify.routes"), 303)
    return _page(form), 422


@blueprint.post("/deliveries/routes/release")
@require(Permission.MESSAGES_ROUTE)
def release_shares() -> ResponseReturnValue:
    """Let the shares move by themselves again."""
    with transaction() as session:
        service.release_shares(
            session, actor=current_actor(), now=utcnow(), providers=channels.texting(settings())
        )
    return redirect(url_for("notify.routes"), 303)
