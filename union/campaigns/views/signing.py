"""Sign, confirm by link or code, and one's own page: change, withdraw, join. No account, no script."""

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from union.campaigns import queries, service
from union.campaigns.queries import CampaignPage
from union.campaigns.service import Confirmed
from union.campaigns.service.asking import Thing
from union.campaigns.service.signing import OVER
from union.campaigns.signing_forms import CodeForm, FollowForm, SignForm
from union.campaigns.views.common import address, blueprint, visitor
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Closed, NotFound, UnionError
from union.core.i18n import msg
from union.members.rules import contact
from union.members.views import base as registry
from union.web.guards import current_actor, public
from union.web.i18n import gettext
from union.web.origin import device

_WAITING = "campaign_yes"
_WRONG = msg("That code does not open anything. Look again, or send the form again for a new one.")


def _page(slug: str) -> CampaignPage:
    with reading() as reader:
        found = queries.campaign_page(reader, slug, current_actor(), utcnow())
    if found.card.published_at is None:
        raise NotFound(msg("There is no such campaign."))
    return found


@blueprint.route("/campaigns/<slug>/sign", methods=["GET", "POST"])
@public
def sign(slug: str) -> ResponseReturnValue:
    """Show the words and one form; ask the address to confirm."""
    found = _page(slug)
    if not found.card.signed:
        raise NotFound(msg("There is nothing to sign here."))
    if not found.gathering:
        raise Closed(OVER)
    form = SignForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                asked = service.sign(
                    writing, slug=slug, visitor=visitor(), signer=form.signer(), now=utcnow()
                )
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            return _ask(slug, asked, form.email.data)
    status = 422 if form.is_submitted() else 200
    return render_template("campaigns/sign.html", form=form, found=found, card=found.card), status


@blueprint.route("/campaigns/<slug>/follow", methods=["GET", "POST"])
@public
def follow(slug: str) -> ResponseReturnValue:
    """Ask for an address that wants the news, and ask it to confirm."""
    found = _page(slug)
    form = FollowForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                asked = service.follow(
                    writing, slug=slug, visitor=visitor(), email=form.email.data, now=utcnow()
                )
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            return _ask(slug, asked, form.email.data)
    status = 422 if form.is_submitted() else 200
    return render_template("campaigns/follow.html", form=form, card=found.card), status


def _ask(slug: str, asked: str, email: str) -> ResponseReturnValue:
    session[_WAITING] = [slug, asked, contact.masked(email.strip())]
    return redirect(url_for("campaigns.code", slug=slug), 303)


@blueprint.route("/campaigns/<slug>/confirm", methods=["GET", "POST"])
@public
def code(slug: str) -> ResponseReturnValue:
    """Ask for the code; the answer is the same whether the address is known or not."""
    waiting = session.get(_WAITING)
    if not waiting or waiting[0] != slug:
        return redirect(url_for("campaigns.page", slug=slug), 303)
    form = CodeForm()
    if form.validate_on_submit():
        with transaction() as writing:
            done = service.confirm_by_code(
                writing,
                challenge_id=waiting[1],
                code=form.code.data,
                device=device(),
                now=utcnow(),
            )
        if done is not None:
            return _done(done)
        form.code.errors = [*form.code.errors, _WRONG]
    page = render_template("campaigns/code.html", form=form, card=_page(slug).card, to=waiting[2])
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/yes/<token>")
@public
def link(token: str) -> ResponseReturnValue:
    """Show what would be confirmed, and a button: programs that look into mail open links too."""
    with reading() as reader:
        asked = queries.asked(reader, token, utcnow())
    return render_template("campaigns/confirm.html", asked=asked)


@blueprint.post("/yes/<token>")
@public
def link_pressed(token: str) -> ResponseReturnValue:
    """Confirm by the link."""
    with transaction() as writing:
        done = service.confirm_by_link(writing, token=token, now=utcnow())
    return _done(done)


def _done(done: Confirmed) -> ResponseReturnValue:
    session.pop(_WAITING, None)
    if done.thing is Thing.FOLLOWER:
        flash(gettext("You follow this campaign. Every email has a link to stop."), "ok")
        return redirect(url_for("campaigns.page", slug=done.slug), 303)
    flash(gettext("Your signature is confirmed and counts."), "ok")
    return redirect(done.own, 303)


@blueprint.get("/signature/<token>")
@public
def own(token: str) -> ResponseReturnValue:
    """Show a signature to whoever holds its link, with all that can be done with it."""
    with reading() as reader:
        found = queries.own_signature(reader, token)
    if found.undo_until is not None:
        return render_template("campaigns/withdrawn.html", found=found, card=found.card, token=token)
    link_ = address(url_for("campaigns.page", slug=found.card.slug))
    return render_template("campaigns/own.html", found=found, card=found.card, token=token, link=link_)


@blueprint.post("/signature/<token>/name")
@public
def own_name(token: str) -> ResponseReturnValue:
    """Show the name publicly, or no longer."""
    shown = request.form.get("public") == "yes"
    with transaction() as writing:
        service.show_name(writing, token=token, public=shown)
    flash(gettext("Your name is on the list.") if shown else gettext("Your name is off the list."), "ok")
    return redirect(url_for("campaigns.own", token=token), 303)


@blueprint.post("/signature/<token>/again")
@public
def own_again(token: str) -> ResponseReturnValue:
    """Sign the words as they stand now."""
    with transaction() as writing:
        service.sign_again(writing, token=token, now=utcnow())
    flash(gettext("Your signature stands under the new words."), "ok")
    return redirect(url_for("campaigns.own", token=token), 303)


@blueprint.post("/signature/<token>/stopped")
@public
def own_stopped(token: str) -> ResponseReturnValue:
    """Say that one has stopped, or take it back."""
    stopped = request.form.get("stopped") == "yes"
    with transaction() as writing:
        service.check_in(writing, token=token, stopped=stopped)
    flash(gettext("You are counted.") if stopped else gettext("You are no longer counted."), "ok")
    return redirect(url_for("campaigns.own", token=token), 303)


@blueprint.post("/signature/<token>/withdrawn")
@public
def own_withdrawn(token: str) -> ResponseReturnValue:
    """Take the signature back, or, for a day, undo that."""
    withdrawn = request.form.get("withdrawn") == "yes"
    act = service.withdraw_signature if withdrawn else service.restore_signature
    with transaction() as writing:
        act(writing, token=token, now=utcnow())
    if not withdrawn:
        flash(gettext("Your signature is back and counts."), "ok")
    return redirect(url_for("campaigns.own", token=token), 303)


@blueprint.post("/signature/<token>/join")
@public
def own_join(token: str) -> ResponseReturnValue:
    """Go on to join the union, with name and address filled in."""
    with reading() as reader:
        found = queries.own_signature(reader, token)
    registry.keep(registry.draft().with_(name=found.name, email=found.email, campaign=found.card.slug))
    return redirect(url_for("members.join"), 303)


@blueprint.get("/campaigns/<slug>/names")
@public
def names(slug: str) -> ResponseReturnValue:
    """List the signers who chose to be named."""
    with reading() as reader:
        card, found = queries.names_page(reader, slug, request.args.get("page", 1, type=int))
    return render_template("campaigns/names.html", card=card, found=found)


@blueprint.get("/campaigns/<slug>/text")
@public
def text(slug: str) -> ResponseReturnValue:
    """Show every version of the words people signed."""
    with reading() as reader:
        card, versions = queries.text_versions(reader, slug)
    return render_template("campaigns/text.html", card=card, versions=versions)


@blueprint.route("/follower/<token>", methods=["GET", "POST"])
@public
def follower(token: str) -> ResponseReturnValue:
    """Stop following, after one button: programs that look into mail open links too."""
    if request.method == "POST":
        with transaction() as writing:
            slug = service.unfollow(writing, token=token)
        flash(gettext("You no longer follow this campaign. Your address is deleted."), "ok")
        return redirect(url_for("campaigns.page", slug=slug), 303)
    with reading() as reader:
        card = queries.follower(reader, token)
    return render_template("campaigns/follower.html", card=card)
