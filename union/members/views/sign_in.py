"""Signing in without a password, and out. Pages answer alike whether an address is known or not."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.members import forms, login, queries, service
from union.members.service import SignedIn
from union.members.views.base import blueprint, label, local, site
from union.web.guards import current_actor, public
from union.web.origin import device

_CHALLENGE = "signing_in"
_AFTER = "/home"


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Ask where to send link and code."""
    onward = local(request.args.get("next"))
    if current_actor().known and request.method == "GET":
        return redirect(onward or _AFTER, 303)
    form = forms.SignInForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                session[_CHALLENGE] = service.request_sign_in(
                    writing,
                    contact=form.contact.data,
                    device=device(),
                    now=utcnow(),
                    site=site(),
                    onward=onward,
                )
            return redirect(url_for("members.sign_in_code"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("members/sign_in/ask.html", form=form), status


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@public
def sign_in_code() -> ResponseReturnValue:
    """Ask for the code."""
    challenge = session.get(_CHALLENGE)
    if not challenge:
        return redirect(url_for("members.sign_in"), 303)
    form = forms.CodeForm()
    if form.validate_on_submit():
        with transaction() as writing:
            done = service.sign_in_by_code(
                writing,
                challenge_id=challenge,
                code=form.code.data,
                device=device(),
                now=utcnow(),
                label=label(),
            )
        if done is not None:
            return _welcome(done)
        form.code.errors = [
            *form.code.errors,
            msg("That code does not open anything. Look again, or ask for a new one."),
        ]
    return render_template("members/sign_in/code.html", form=form), (422 if form.errors else 200)


@blueprint.get("/sign-in/<token>")
@public
def sign_in_link(token: str) -> ResponseReturnValue:
    """Show the button: programs that look into mail open links too, and must not use them up."""
    with reading() as reader:
        asked = queries.asked_by_link(reader, purpose="sign_in", token=token, now=utcnow())
    return render_template("members/sign_in/link.html", asked=asked)


@blueprint.post("/sign-in/<token>")
@public
def sign_in_link_pressed(token: str) -> ResponseReturnValue:
    """Sign in by the link."""
    with transaction() as writing:
        done = service.sign_in_by_link(writing, token=token, now=utcnow(), label=label())
    return _welcome(done)


def _welcome(done: SignedIn) -> ResponseReturnValue:
    login.put(done.token)
    return redirect(local(done.onward) or _AFTER, 303)


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """Sign this device out."""
    token = login.held()
    if token:
        with transaction() as writing:
            service.end_session(writing, token=token, now=utcnow())
    login.forget()
    return redirect("/", 303)
