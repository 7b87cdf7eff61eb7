"""The organizer's console of one action: what is ready, the signatures, stopping, paper lists, the poster."""

from datetime import timedelta

from flask import flash, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.actions import queries, service
from union.actions.forms import NoticeForm, PaperForm, ReasonForm
from union.actions.queries import ChapterRow, ConsolePage, ZoneRow
from union.actions.rules import windows
from union.actions.rules.notice import UNIT_NAMES
from union.actions.rules.states import State
from union.actions.views import forecast, teaching
from union.actions.views.common import blueprint, row_of, site, worded
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.members.queries import ChapterCard
from union.notify.rules import beats
from union.web import figures
from union.web.guards import current_actor, require
from union.web.i18n import gettext, language, ngettext, number, span

NEXT_STEP: dict[State, str] = {
    State.DRAFT: msg("Tie the action to the mandate of the members."),
    State.AUTHORIZED: msg("Put it on the members' calendar."),
    State.SCHEDULED: msg("Two organizers release it, one after the other."),
    State.ARMED: msg("Nothing: the clock starts it. You can still stop it."),
    State.LIVE: msg("Watch the count, and help members who are stuck."),
    State.ENDED: msg("Write the debrief while it is fresh."),
    State.DEBRIEFED: msg("Nothing: this action is closed."),
    State.POSTPONED: msg("Give it a new time; that makes it a new version."),
    State.CANCELLED: msg("Nothing: this action was called off."),
}
COUNTED = 120
"""Seconds that are told as seconds; from here on as every page says a length of time."""


def _read(slug: str) -> tuple[ConsolePage, list[ChapterCard]]:
    with reading() as session:
        found = queries.console(session, slug, current_actor(), utcnow(), language(), site())
        return found, members.chapters(session)


def _show(
    slug: str, *, notice: NoticeForm | None = None, paper: PaperForm | None = None, status: int = 200
) -> ResponseReturnValue:
    found, chapters = _read(slug)
    notice_form = notice or NoticeForm(prefix="notice")
    if notice is None:
        notice_form.now(utcnow(), found.card.zone)
    paper_form = paper or PaperForm(prefix="paper")
    paper_form.chapter.choices = {one.slug: one.name for one in chapters}
    one, many = UNIT_NAMES[found.notice.unit]
    page = render_template(
        "actions/console.html",
        found=found,
        card=found.card,
        rows=[row_of(check) for check in found.checks],
        blocked=worded(found.blocked.detail, found.blocked.facts) if found.blocked else None,
        late=[_late(row) for row in found.zones if row.late],
        bars=[_bar(row) for row in found.chapters],
        live=live_facts(found),
        taught=taught(found),
        told=forecast.shown(found),
        agreed_to=forecast.agreed_to(found),
        next_step=NEXT_STEP[found.card.state],
        notice_length=ngettext(one, many, found.notice.length),
        notice_form=notice_form,
        paper_form=paper_form,
        now=utcnow(),
        State=State,
    )
    return page, status


def taught(found: ConsolePage) -> list[dict[str, str]]:
    """Return what past actions teach, line by line, as label and value."""
    lesson = found.lesson
    rows = [
        (gettext("Of those called by their pledge, out"), teaching.words(lesson.kept)),
        (gettext("Of those who take part, out"), teaching.words(lesson.shows_up)),
        (
            gettext("Of those who are out, all steps done"),
            teaching.words(lesson.finishes) if lesson.finishes else gettext("not known yet"),
        ),
        *(
            (gettext("In %(chapter)s, out", chapter=name), teaching.words(one))
            for name, one in found.chapter_lessons
        ),
    ]
    return [{"label": label, "value": value} for label, value in rows]


def _late(row: ZoneRow) -> str:
    """Say by how much a start came after its moment: the scheduler or the database stood still."""
    seconds = int(row.late.total_seconds())
    if seconds < COUNTED:
        words = ngettext(msg("Started %(n)s second late."), msg("Started %(n)s seconds late."), seconds)
    else:
        words = gettext("Started %(span)s late.", span=span(seconds // 60))
    return words if row.zone == windows.EVERYBODY else f"{row.zone}: {words}"


def _bar(row: ChapterRow) -> object:
    """Draw how many of a chapter take part, or are out; nothing where the number is too small to tell."""
    value = row.out if row.out is not None else row.part
    whole = row.part if row.out is not None and row.part else row.active
    if value is None or not whole:
        return ""
    title = gettext("%(n)s of %(whole)s", n=number(value), whole=number(whole))
    return figures.progress(min(value, whole), whole, title=title)


def live_facts(found: ConsolePage) -> dict[str, str]:
    """Return the numbers the console refreshes."""
    numbers = found.numbers
    seconds = (utcnow() - found.heartbeat.at).total_seconds() if found.heartbeat else None
    return {
        "taking_part": number(numbers.taking_part),
        "verified": number(numbers.verified),
        "checked_in": number(numbers.checked_in),
        "completed": number(numbers.completed),
        "in_time": number(numbers.in_time),
        "heartbeat": _ago(seconds),
    }


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return gettext("never")
    age = timedelta(seconds=seconds)
    if beats.ahead(age):
        return gettext(
            "%(n)s seconds ahead of this server's time: the clock is off.", n=number(-int(seconds))
        )
    ago = number(max(0, int(seconds)))
    if not beats.awake(age):
        return gettext("%(n)s seconds ago. It stands still: nothing starts and nothing is sent.", n=ago)
    return gettext("%(n)s seconds ago", n=ago)


@blueprint.get("/actions/<slug>/console")
@require(Permission.ACTION_READ)
def console(slug: str) -> ResponseReturnValue:
    """Show the console."""
    return _show(slug)


@blueprint.get("/actions/<slug>/live.json")
@require(Permission.ACTION_READ)
def console_json(slug: str) -> ResponseReturnValue:
    """Give the numbers that the console refreshes."""
    with reading() as session:
        numbers, heartbeat = queries.live_numbers(session, slug, current_actor())
    seconds = (utcnow() - heartbeat.at).total_seconds() if heartbeat else None
    return jsonify(
        taking_part=number(numbers.taking_part),
        verified=number(numbers.verified),
        checked_in=number(numbers.checked_in),
        completed=number(numbers.completed),
        in_time=number(numbers.in_time),
        heartbeat=_ago(seconds),
    )


def _back(slug: str, said: str) -> ResponseReturnValue:
    flash(gettext(said), "ok")
    return redirect(url_for("actions.console", slug=slug), 303)


@blueprint.post("/actions/<slug>/authorize")
@require(Permission.ACTION_PLAN)
def authorize(slug: str) -> ResponseReturnValue:
    """Tie it to the mandate."""
    with transaction() as session:
        service.authorize(session, actor=current_actor(), now=utcnow(), slug=slug)
    return _back(slug, msg("The action rests on the mandate of the members."))


@blueprint.post("/actions/<slug>/schedule")
@require(Permission.ACTION_PLAN)
def schedule(slug: str) -> ResponseReturnValue:
    """Put it on the calendar."""
    with transaction() as session:
        service.schedule(session, actor=current_actor(), now=utcnow(), slug=slug)
    return _back(slug, msg("Members see it on their page now."))


@blueprint.post("/actions/<slug>/test")
@require(Permission.ACTION_ARM)
def send_test(slug: str) -> ResponseReturnValue:
    """Send the organizer a test message."""
    with transaction() as session:
        service.send_test(session, actor=current_actor(), now=utcnow(), slug=slug)
    return _back(slug, msg("A test message is on its way to you. Reload this page in a moment."))


@blueprint.post("/actions/<slug>/arm")
@require(Permission.ACTION_ARM)
def arm(slug: str) -> ResponseReturnValue:
    """Sign as the first organizer."""
    with transaction() as session:
        service.arm(session, actor=current_actor(), now=utcnow(), slug=slug, site=site())
    return _back(slug, msg("You have signed. Another organizer must confirm."))


@blueprint.post("/actions/<slug>/confirm")
@require(Permission.ACTION_ARM)
def confirm(slug: str) -> ResponseReturnValue:
    """Sign as the second organizer."""
    with transaction() as session:
        service.confirm(session, actor=current_actor(), now=utcnow(), slug=slug, site=site())
    return _back(slug, msg("Released. The clock starts it."))


@blueprint.post("/actions/<slug>/disarm")
@require(Permission.ACTION_CANCEL)
def disarm(slug: str) -> ResponseReturnValue:
    """Take the signatures off."""
    with transaction() as session:
        service.disarm(session, actor=current_actor(), now=utcnow(), slug=slug)
    return _back(slug, msg("The signatures are off. It does not start without two new ones."))


@blueprint.post("/actions/<slug>/end")
@require(Permission.ACTION_CANCEL)
def end_now(slug: str) -> ResponseReturnValue:
    """End a live action now."""
    with transaction() as session:
        service.end_now(session, actor=current_actor(), now=utcnow(), slug=slug, site=site())
    return _back(slug, msg("The action has ended. Everybody is told."))


@blueprint.route("/actions/<slug>/postpone", methods=["GET", "POST"])
@require(Permission.ACTION_CANCEL)
def postpone(slug: str) -> ResponseReturnValue:
    """Put it off, with a reason."""
    return _stop(slug, off=False)


@blueprint.route("/actions/<slug>/cancel", methods=["GET", "POST"])
@require(Permission.ACTION_CANCEL)
def cancel(slug: str) -> ResponseReturnValue:
    """Call it off for good, with a reason."""
    return _stop(slug, off=True)


def _stop(slug: str, *, off: bool) -> ResponseReturnValue:
    form = ReasonForm()
    if form.validate_on_submit():
        verb = service.cancel if off else service.postpone
        with transaction() as session:
            told = verb(
                session, actor=current_actor(), now=utcnow(), slug=slug, reason=form.reason.data, site=site()
            )
        flash(ngettext("%(n)s message tells of it.", "%(n)s messages tell of it.", told), "ok")
        return redirect(url_for("actions.console", slug=slug), 303)
    found, _ = _read(slug)
    page = render_template("actions/stop.html", form=form, card=found.card, found=found, off=off)
    return page, 422 if form.errors else 200


@blueprint.post("/actions/<slug>/notice")
@require(Permission.ACTION_PLAN)
def give_notice(slug: str) -> ResponseReturnValue:
    """Record when notice was given."""
    form = NoticeForm(prefix="notice")
    found, _ = _read(slug)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.give_notice(
                    session,
                    actor=current_actor(),
                    now=utcnow(),
                    slug=slug,
                    given_at=form.moment(found.card.zone),
                )
        except Invalid as refusal:
            refusal.field = "given_at"
            form.refuse(refusal)
        else:
            return _back(slug, msg("Recorded."))
    return _show(slug, notice=form, status=422)


@blueprint.post("/actions/<slug>/paper")
@require(Permission.ACTION_PLAN)
def paper(slug: str) -> ResponseReturnValue:
    """Add people from a paper list."""
    form = PaperForm(prefix="paper")
    with reading() as session:
        form.chapter.choices = {one.slug: one.name for one in members.chapters(session)}
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.add_paper(
                    session, actor=current_actor(), now=utcnow(), slug=slug,
                    chapter_slug=form.chapter.data, count=form.count.data,
                )  # fmt: skip
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return _back(slug, msg("Counted from paper."))
    return _show(slug, paper=form, status=422)


@blueprint.get("/actions/<slug>/poster")
@require(Permission.ACTION_READ)
def poster(slug: str) -> ResponseReturnValue:
    """Show the sheet for a meeting point: QR code and code to type."""
    found, _ = _read(slug)
    address = f"{site()}{url_for('actions.point', slug=slug, code=found.meeting_code)}"
    code = figures.qr(address, title=gettext("Check in at this meeting point"))
    return render_template(
        "actions/poster.html", found=found, card=found.card, qr=code,
        short=f"{site()}{url_for('actions.point', slug=slug)}",
    )  # fmt: skip
