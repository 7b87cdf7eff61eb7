"""A member's own account: details, addresses, platforms, alerts, devices, leaving, being forgotten."""

from flask import abort, flash, g, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import forms, login, queries, service
from union.members.rules.contact import Reach
from union.members.rules.membership import ROLE_WORDS, STATE_WORDS, WORK_WORDS
from union.members.views.base import blueprint, site
from union.notify import queries as notify
from union.platforms import queries as platforms
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext
from union.web.origin import device

_CHALLENGE = "channel"


def _own() -> queries.Account:
    with reading() as reader:
        return queries.account(reader, actor=current_actor())


def _back(text: str) -> ResponseReturnValue:
    flash(gettext(text), "ok")
    return redirect(url_for("members.account"), 303)


@blueprint.get("/account")
@require(Permission.ACCOUNT_OWN)
def account() -> ResponseReturnValue:
    """Show all we know of the member, and what can be changed."""
    with reading() as reader:
        own = queries.account(reader, actor=current_actor())
        devices = queries.devices(reader, own.id, now=utcnow(), current=login.held())
        email_fails = notify.fails(reader, member_id=own.id)
    return render_template(
        "members/account/index.html",
        own=own,
        devices=devices,
        email_fails=email_fails,
        states=STATE_WORDS,
        work=WORK_WORDS,
        roles=ROLE_WORDS,
        sms_words=forms.SMS_WORDS,
        vouch_url=f"{site()}/vouch/{own.vouch_code}" if own.vouch_code else "",
    )


@blueprint.route("/account/details", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def details() -> ResponseReturnValue:
    """Change name, chapter, language and zone."""
    own = _own()
    with reading() as reader:
        chapters = queries.chapters(reader)
    form = forms.DetailsForm(name=own.name, language=own.language, zone=own.zone, chapter=own.chapter_slug)
    form.chapter.choices = options(
        [("", gettext(msg("None yet"))), *((one.slug, one.name) for one in chapters)]
    )
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                service.update_details(
                    writing,
                    actor=current_actor(),
                    name=form.name.data,
                    language=form.language.data,
                    zone=form.zone.data,
                    chapter=form.chapter.data,
                    now=utcnow(),
                )
            session["language"] = form.language.data
            g.pop("language", None)
            return _back(msg("Changed."))
        except UnionError as refusal:
            form.refuse(refusal)
    return render_template("members/account/details.html", form=form), (422 if form.errors else 200)


@blueprint.route("/account/platforms", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def own_platforms() -> ResponseReturnValue:
    """Choose platforms."""
    own = _own()
    with reading() as reader:
        choices = [(card.slug, card.name) for card in platforms.own(reader)]
    known = {slug for slug, _ in choices}
    choices += [(slug, name) for slug, name in own.platform_names.items() if slug not in known]
    form = forms.PlatformsForm(platforms=list(own.platforms))
    form.platforms.choices = options(choices)
    if form.validate_on_submit():
        chosen = form.platforms.data
        if chosen:
            session["platforms"] = chosen
            return redirect(url_for("members.own_work"), 303)
        with transaction() as writing:
            service.set_platforms(writing, actor=current_actor(), platforms={}, now=utcnow())
        return _back(msg("Changed."))
    return render_template("members/account/platforms.html", form=form), (422 if form.errors else 200)


@blueprint.route("/account/platforms/work", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def own_work() -> ResponseReturnValue:
    """Say as what, for each platform chosen."""
    own = _own()
    with reading() as reader:
        names = platforms.names(reader, session.get("platforms") or list(own.platforms))
    if not names:
        return redirect(url_for("members.own_platforms"), 303)
    form = forms.work_form(
        names, {slug: [kind.value for kind in kinds] for slug, kinds in own.platforms.items()}
    )
    if form.validate_on_submit():
        given = forms.work_of(form, names)
        if all(given.values()):
            with transaction() as writing:
                service.set_platforms(writing, actor=current_actor(), platforms=given, now=utcnow())
            session.pop("platforms", None)
            return _back(msg("Changed."))
        forms.work_errors(form, names)
    return render_template("members/account/work.html", form=form), (422 if form.errors else 200)


def _reach(text: str) -> Reach:
    found = next((reach for reach in Reach if reach == text), None)
    if found is None:
        abort(404)
    return found


@blueprint.route("/account/address/<reach>", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def channel(reach: str) -> ResponseReturnValue:
    """Add or change an address."""
    kind = _reach(reach)
    form = forms.EmailAddressForm() if kind == Reach.EMAIL else forms.PhoneAddressForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                session[_CHALLENGE] = service.request_channel(
                    writing,
                    actor=current_actor(),
                    reach=kind,
                    address=form.address.data,
                    device=device(),
                    now=utcnow(),
                    site=site(),
                )
            return redirect(url_for("members.channel_code"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("members/account/channel.html", form=form, own=_own(), reach=kind), status


@blueprint.post("/account/address/<reach>/remove")
@require(Permission.ACCOUNT_OWN)
def channel_remove(reach: str) -> ResponseReturnValue:
    """Take an address off."""
    with transaction() as writing:
        service.remove_channel(writing, actor=current_actor(), reach=_reach(reach), now=utcnow())
    return _back(msg("Removed."))


@blueprint.route("/account/confirm", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def channel_code() -> ResponseReturnValue:
    """Ask for the code sent to the new address."""
    challenge = session.get(_CHALLENGE)
    if not challenge:
        return redirect(url_for("members.account"), 303)
    form = forms.CodeForm()
    if form.validate_on_submit():
        with transaction() as writing:
            done = service.channel_by_code(
                writing,
                actor=current_actor(),
                challenge_id=challenge,
                code=form.code.data,
                device=device(),
                now=utcnow(),
            )
        if done is not None:
            session.pop(_CHALLENGE, None)
            return _back(msg("The address is confirmed."))
        form.refuse(
            Invalid(msg("That code does not open anything. Look again, or ask for a new one."), field="code")
        )
    return render_template("members/account/code.html", form=form), (422 if form.errors else 200)


@blueprint.get("/account/confirm/<token>")
@require(Permission.ACCOUNT_OWN)
def channel_link(token: str) -> ResponseReturnValue:
    """Show the button for an address to be confirmed by its link."""
    with reading() as reader:
        asked = queries.asked_by_link(reader, purpose="channel", token=token, now=utcnow())
    return render_template("members/account/link.html", asked=asked)


@blueprint.post("/account/confirm/<token>")
@require(Permission.ACCOUNT_OWN)
def channel_link_pressed(token: str) -> ResponseReturnValue:
    """Confirm the new address by its link."""
    with transaction() as writing:
        service.channel_by_link(writing, actor=current_actor(), token=token, device=device(), now=utcnow())
    return _back(msg("The address is confirmed."))


@blueprint.post("/account/sms/on")
@require(Permission.ACCOUNT_OWN)
def sms_on() -> ResponseReturnValue:
    """Ask for alerts by SMS."""
    with transaction() as writing:
        service.opt_in_sms(
            writing, actor=current_actor(), text=gettext(forms.SMS_WORDS), device=device(), now=utcnow()
        )
    return _back(msg("We will text you about actions and votes."))


@blueprint.post("/account/sms/off")
@require(Permission.ACCOUNT_OWN)
def sms_off() -> ResponseReturnValue:
    """Want no more alerts by SMS."""
    with transaction() as writing:
        service.opt_out_sms(writing, actor=current_actor(), now=utcnow())
    return _back(msg("We will not text you any more, except codes you ask for."))


@blueprint.post("/account/devices/all")
@require(Permission.ACCOUNT_OWN)
def devices_off() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    with transaction() as writing:
        service.revoke_all_sessions(writing, actor=current_actor(), now=utcnow())
    login.forget()
    flash(gettext(msg("You are signed out everywhere.")), "ok")
    return redirect(url_for("members.sign_in"), 303)


@blueprint.post("/account/devices/<key>")
@require(Permission.ACCOUNT_OWN)
def device_off(key: str) -> ResponseReturnValue:
    """Sign one device out."""
    with transaction() as writing:
        service.revoke_session(writing, actor=current_actor(), now=utcnow(), token_hash=key)
    return _back(msg("That device is signed out."))


@blueprint.post("/account/code")
@require(Permission.ACCOUNT_OWN)
def new_vouch_code() -> ResponseReturnValue:
    """Give an applicant a fresh code for colleagues; the old one stops working."""
    with transaction() as writing:
        service.make_applicant_code(writing, actor=current_actor(), now=utcnow())
    return _back(msg("Here is your new code. The old one no longer works."))


@blueprint.route("/account/leave", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def leave() -> ResponseReturnValue:
    """Leave the union, after a page that says what that means."""
    form = forms.EmptyForm()
    if form.validate_on_submit():
        with transaction() as writing:
            service.leave(writing, actor=current_actor(), now=utcnow())
        login.forget()
        return redirect(url_for("members.gone", how="left"), 303)
    return render_template("members/account/leave.html", form=form)


@blueprint.route("/account/erase", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def erase() -> ResponseReturnValue:
    """Be forgotten, after a page that says what stays."""
    form = forms.EmptyForm()
    if form.validate_on_submit():
        with transaction() as writing:
            service.erase(writing, actor=current_actor(), now=utcnow())
        login.forget()
        return redirect(url_for("members.gone", how="erased"), 303)
    return render_template("members/account/erase.html", form=form)
