"""Joining, one thing per page. Nothing is written down before the last page is sent."""

from collections.abc import Callable
from functools import partial

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, UnionError
from union.core.i18n import LANGUAGES, msg
from union.members import forms, login, queries, service
from union.members.queries import ChapterCard
from union.members.rules import contact
from union.members.rules.joining import Draft
from union.members.rules.membership import WORK_WORDS, Work, tidy_name
from union.members.service import Joined
from union.members.views.base import blueprint, draft, drop_draft, keep, label, site
from union.platforms import queries as platforms
from union.web.fields import options
from union.web.forms import Form
from union.web.guards import public
from union.web.i18n import gettext, language
from union.web.origin import device

_CHALLENGE = "joining"
_SECOND = "channel"
_DEFAULT_ZONE = "Europe/Amsterdam"
_SLUG = set("abcdefghijklmnopqrstuvwxyz0123456789-")


@blueprint.get("/join")
@public
def join() -> ResponseReturnValue:
    """Say what joining is, what is asked and who sees it; remember the campaign somebody came from."""
    campaign = request.args.get("for", "")
    if campaign and len(campaign) <= 80 and set(campaign) <= _SLUG:  # noqa: PLR2004 - as long as a slug is
        keep(draft().with_(campaign=campaign))
    return render_template("members/join/start.html", begun=bool(draft().name), campaign=draft().campaign)


def _form_of(step: str, answers: Draft) -> Form:
    """Return the form of a step, filled with what was answered before."""
    return _FORMS[step](answers)


def _chapter_form(answers: Draft) -> Form:
    form = forms.ChapterForm(chapter=answers.chapter)
    form.chapter.choices = options((one.slug, one.name) for one in _chapters())
    return form


def _platforms_form(answers: Draft) -> Form:
    form = forms.PlatformsForm(platforms=list(answers.platforms or {}))
    form.platforms.choices = options(_own_platforms())
    return form


def _language_form(answers: Draft) -> Form:
    return forms.LanguageForm(language=answers.language or language(), zone=answers.zone or _zone_of(answers))


_FORMS: dict[str, Callable[[Draft], Form]] = {
    "name": lambda answers: forms.NameForm(name=answers.name),
    "contact": lambda answers: forms.ContactForm(email=answers.email, phone=answers.phone),
    "chapter": _chapter_form,
    "platforms": _platforms_form,
    "work": lambda answers: forms.work_form(_names(answers), answers.platforms or {}),
    "language": _language_form,
    "sms": lambda answers: forms.SmsForm(sms=bool(answers.sms)),
}


def _chapters() -> list[ChapterCard]:
    with reading() as reader:
        return queries.chapters(reader)


def _own_platforms() -> list[tuple[str, str]]:
    with reading() as reader:
        return [(card.slug, card.name) for card in platforms.own(reader)]


def _names(answers: Draft) -> dict[str, str]:
    with reading() as reader:
        names = platforms.names(reader, list(answers.platforms or {}))
    return dict(sorted(names.items(), key=lambda pair: pair[1].casefold()))


def _zone_of(answers: Draft) -> str:
    return next((one.zone for one in _chapters() if one.slug == answers.chapter), _DEFAULT_ZONE)


def _name(form: Form, answers: Draft) -> Draft:
    return answers.with_(name=tidy_name(form["name"].data))


def _contact(form: Form, answers: Draft) -> Draft:
    email, phone = (form["email"].data or "").strip(), (form["phone"].data or "").strip()
    if not email and not phone:
        raise Invalid(msg("Give an email address or a mobile number; one is enough."), field="email")
    country = contact.country_of(answers.zone or _zone_of(answers))
    read = {"email": "", "phone": ""}
    for name, typed, reader in (
        ("email", email, contact.email),
        ("phone", phone, partial(contact.mobile, country=country)),
    ):
        try:
            read[name] = reader(typed) if typed else ""
        except Invalid as refusal:
            form.refuse(refusal)
    if form.errors:
        raise Invalid(msg("Give an email address or a mobile number; one is enough."))
    return answers.with_(**read, sms=answers.sms if phone else None)


def _chapter(form: Form, answers: Draft) -> Draft:
    return answers.with_(chapter=form["chapter"].data)


def _platforms(form: Form, answers: Draft) -> Draft:
    before = answers.platforms or {}
    return answers.with_(platforms={slug: before.get(slug, ()) for slug in form["platforms"].data})


def _work(form: Form, answers: Draft) -> Draft:
    names = _names(answers)
    given = forms.work_of(form, names)
    if not all(given.values()):
        forms.work_errors(form, names)
        raise Invalid(msg("Say for each platform what you are there."))
    return answers.with_(platforms=given)


def _language(form: Form, answers: Draft) -> Draft:
    return answers.with_(language=form["language"].data, zone=form["zone"].data)


def _sms(form: Form, answers: Draft) -> Draft:
    return answers.with_(sms=bool(form["sms"].data))


_ANSWERS: dict[str, Callable[[Form, Draft], Draft]] = {
    "name": _name,
    "contact": _contact,
    "chapter": _chapter,
    "platforms": _platforms,
    "work": _work,
    "language": _language,
    "sms": _sms,
}


@blueprint.route("/join/<step>", methods=["GET", "POST"])
@public
def join_step(step: str) -> ResponseReturnValue:
    """Ask one thing; what was answered before stays when going back."""
    answers = draft()
    if not _chapters() and answers.chapter is None:
        answers = answers.with_(chapter="")
    if step not in (*_ANSWERS, "check"):
        abort(404)
    steps = answers.steps
    reached = answers.next_step
    if step not in steps or steps.index(step) > steps.index(reached):
        return redirect(url_for("members.join_step", step=reached), 303)
    if step == "check":
        return _check(answers)
    form = _form_of(step, answers)
    if form.validate_on_submit():
        try:
            answers = _ANSWERS[step](form, answers)
        except Invalid as refusal:
            if not form.errors:
                form.refuse(refusal)
        else:
            keep(answers)
            onward = (
                answers.next_step if request.args.get("from") == "check" or step not in answers.steps else ""
            )
            return redirect(url_for("members.join_step", step=onward or _after(step, answers)), 303)
    return render_template(
        f"members/join/{step}.html",
        form=form,
        number=steps.index(step) + 1,
        of=len(steps),
        back=_back(step, answers),
    ), (422 if form.errors else 200)


def _after(step: str, answers: Draft) -> str:
    return answers.steps[answers.steps.index(step) + 1]


def _back(step: str, answers: Draft) -> str:
    before = answers.before(step)
    return url_for("members.join_step", step=before) if before else url_for("members.join")


def _check(answers: Draft) -> ResponseReturnValue:
    form = forms.EmptyForm()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                session[_CHALLENGE] = service.apply(
                    writing,
                    draft=answers,
                    device=device(),
                    now=utcnow(),
                    site=site(),
                    sms_text=gettext(forms.SMS_WORDS),
                )
            return redirect(url_for("members.join_code"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    return render_template(
        "members/join/check.html",
        form=form,
        rows=_rows(answers),
        number=len(answers.steps),
        of=len(answers.steps),
        back=_back("check", answers),
        to=_to(answers),
    ), (422 if form.errors or form.form_errors else 200)


def _rows(answers: Draft) -> list[dict[str, str]]:
    names = _names(answers)
    work = ", ".join(
        f"{names[slug]} ({', '.join(gettext(WORK_WORDS[Work(kind)]).lower() for kind in kinds)})"
        for slug, kinds in (answers.platforms or {}).items()
        if slug in names
    )
    chapter = next((one.name for one in _chapters() if one.slug == answers.chapter), "")
    said = {
        "name": (msg("Name"), answers.name),
        "contact": (msg("How we reach you"), " · ".join(filter(None, (answers.email, answers.phone)))),
        "chapter": (msg("Chapter"), chapter or gettext(msg("None yet"))),
        "platforms": (msg("Platforms"), work or gettext(msg("None"))),
        "language": (
            msg("Language and time"),
            f"{LANGUAGES[answers.language]} · {answers.zone.replace('_', ' ')}",
        ),
        "sms": (msg("Alerts by SMS"), gettext(msg("Yes")) if answers.sms else gettext(msg("No"))),
    }
    return [
        {
            "label": gettext(words),
            "value": value,
            "change_url": url_for("members.join_step", step=step) + "?from=check",
        }
        for step, (words, value) in said.items()
        if step in answers.steps
    ]


def _to(answers: Draft) -> str:
    return contact.first((answers.email, answers.phone)) or ""


@blueprint.route("/join/confirm", methods=["GET", "POST"])
@public
def join_code() -> ResponseReturnValue:
    """Ask for the code; the answer is the same whoever has the address."""
    challenge = session.get(_CHALLENGE)
    if not challenge:
        return redirect(url_for("members.join"), 303)
    form = forms.CodeForm()
    if form.validate_on_submit():
        with transaction() as writing:
            joined = service.join_by_code(
                writing,
                challenge_id=challenge,
                code=form.code.data,
                device=device(),
                now=utcnow(),
                site=site(),
                label=label(),
            )
        if joined is not None:
            return _welcome(joined)
        form.code.errors = [
            *form.code.errors,
            msg("That code does not open anything. Look again, or send a new one."),
        ]
    return render_template("members/join/code.html", form=form, to=_to(draft())), (
        422 if form.errors else 200
    )


@blueprint.get("/join/confirm/<token>")
@public
def join_link(token: str) -> ResponseReturnValue:
    """Show the button: programs that look into mail open links too, and must not use them up."""
    with reading() as reader:
        asked = queries.asked_by_link(reader, purpose="join", token=token, now=utcnow())
    return render_template("members/join/link.html", asked=asked, form=forms.EmptyForm())


@blueprint.post("/join/confirm/<token>")
@public
def join_link_pressed(token: str) -> ResponseReturnValue:
    """Confirm the address by its link."""
    with transaction() as writing:
        joined = service.join_by_link(
            writing, token=token, device=device(), now=utcnow(), site=site(), label=label()
        )
    return _welcome(joined)


def _welcome(joined: Joined) -> ResponseReturnValue:
    drop_draft()
    login.put(joined.token)
    flash(
        gettext(
            msg(
                "Your address is confirmed and you have applied. Now let colleagues vouch for you: "
                "the code for them is on your page What now."
            )
        ),
        "ok",
    )
    if joined.second:
        session[_SECOND] = joined.second
        return redirect(url_for("members.channel_code"), 303)
    if joined.campaign:
        return redirect(f"/campaigns/{joined.campaign}", 303)
    return redirect(url_for("members.account"), 303)
