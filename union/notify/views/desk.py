"""The message desk: what was sent, read where no provider took it, and played replies."""

from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Conflict, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.notify import queries, words
from union.notify.forms import ReplyForm
from union.notify.rules.kinds import Channel, State
from union.notify.service import desk as organizers
from union.notify.titles import title_of
from union.notify.views.common import blueprint, ref_of, settings
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.get("/desk")
@require(Permission.MESSAGES_READ)
def desk() -> ResponseReturnValue:
    """List what was sent, the newest first; what lies at the desk can be read."""
    wanted = {
        "state": _one_of(State, "state"),
        "channel": _one_of(Channel, "channel"),
        "ref": ref_of(request.args),
    }
    with reading() as session:
        listed = queries.messages(
            session, page=request.args.get("page", 1, type=int), state=wanted["state"],
            channel=wanted["channel"], ref=wanted["ref"],
            secrets=settings().development,
        )  # fmt: skip
    return render_template(
        "notify/desk.html", listed=listed, wanted=wanted, states=words.STATES, channels=words.CHANNELS,
        tags=words.TAGS, form=ReplyForm() if _played() else None, urls=_pages(listed, wanted),
    )  # fmt: skip


def _one_of(names: type[State] | type[Channel], argument: str) -> str:
    asked = request.args.get(argument, "")
    return asked if asked in [name.value for name in names] else ""


def _pages(listed: queries.MessageList, wanted: dict[str, str]) -> tuple[str | None, str | None]:
    def url(page: int) -> str:
        chosen = {name: value for name, value in wanted.items() if value}
        return f"{url_for('notify.desk')}?{urlencode({**chosen, 'page': page})}"

    before = url(listed.page - 1) if listed.page > 1 else None
    return before, url(listed.page + 1) if listed.page < listed.pages else None


def _played() -> bool:
    """Whether replies are played at the desk: only where no carrier brings real ones."""
    return not settings().carriers


@blueprint.get("/desk/<int:outbox_id>")
@require(Permission.MESSAGES_READ)
def desk_message(outbox_id: int) -> ResponseReturnValue:
    """Show one message and what became of it."""
    with reading() as session:
        found = queries.message(
            session, outbox_id, union_name=settings().union_name, secrets=settings().development
        )
        subject = queries.subjects(session, [found.row.ref])[found.row.ref]
    form = ReplyForm(sender=found.to) if _played() and found.row.channel is Channel.SMS and found.to else None
    return render_template(
        "notify/message.html", message=found, subject=subject, occasion=title_of(found.template),
        tags=words.TAGS, states=words.STATES, form=form,
    )  # fmt: skip


@blueprint.post("/desk/reply")
@require(Permission.MESSAGES_SEND)
def desk_reply() -> ResponseReturnValue:
    """Play a member who texts back."""
    if not _played():
        raise Conflict(msg("Replies come from the carrier here; they cannot be played."))
    form = ReplyForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                found = organizers.play_reply(
                    session, actor=current_actor(), now=utcnow(), sender=form.sender.data,
                    body=form.body.data, link=settings().public_url,
                )  # fmt: skip
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            what = gettext(words.REPLIES[found.keyword])
            flash(gettext(msg("Taken in as a reply: %(what)s."), what=what), "ok")
            return redirect(url_for("notify.desk"), 303)
    return render_template("notify/reply.html", form=form), 422
