"""Where carriers report, one click unsubscribes, and organizers read the desk and watch the delivery.

Webhooks are open to the world and believed by their signature only. No SQL here.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Conflict, Invalid, NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission
from union.core.settings import Settings
from union.notify import queries, service, words
from union.notify.channels.twilio_sms import state_of, valid_signature
from union.notify.delivery.speed import Speed, speed
from union.notify.forms import ReplyForm
from union.notify.rules.kinds import Channel, Mailing, State
from union.notify.service import desk as organizers
from union.notify.service.consent import read_token, resubscribe
from union.web import i18n
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext
from union.web.kit import csrf

blueprint = Blueprint("notify", __name__, template_folder="templates")

_LONGEST_FIELD = 4096


@blueprint.app_context_processor
def _names() -> dict[str, object]:
    return {"notify_words": words}


def _ref(among: Mapping[str, str]) -> str:
    """Return what messages are asked about, as it can stand in a column."""
    return "".join(character for character in among.get("ref", "") if character.isprintable())[:80]


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def _believe() -> dict[str, str]:
    """Return the webhook's form fields, or refuse: Twilio signs them with the address it called."""
    settings = _settings()
    query = request.query_string.decode("latin-1")
    url = f"{settings.public_url}{request.path}" + (f"?{query}" if query else "")
    form = {name: value[:_LONGEST_FIELD] for name, value in request.form.items()}
    if not valid_signature(
        settings.twilio_auth_token, url, form, request.headers.get("X-Twilio-Signature", "")
    ):
        raise NotAllowed(msg("The signature of this call does not fit."))
    return {name: value.replace("\0", "") for name, value in form.items()}


@blueprint.post("/twilio/status/<int:outbox_id>-<int:attempt>")
@public
def twilio_status(outbox_id: int, attempt: int) -> ResponseReturnValue:
    """Take a receipt; the same answer whether it told anything new, so that nobody repeats it for that."""
    form = _believe()
    code = form.get("ErrorCode", "")[:20] or None
    with transaction() as session:
        service.record_status(
            session,
            now=utcnow(),
            outbox_id=outbox_id,
            attempt=attempt,
            provider_id=form.get("MessageSid", "")[:120],
            state=state_of(form.get("MessageStatus", ""), code),
            code=code,
        )
    return Response(status=204, mimetype="text/plain")


@blueprint.post("/twilio/inbound")
@public
def twilio_inbound() -> ResponseReturnValue:
    """Take a reply; what we answer goes through the outbox, so the answer here is empty TwiML."""
    form = _believe()
    with transaction() as session:
        service.receive(
            session,
            now=utcnow(),
            sender=form.get("From", ""),
            body=form.get("Body", ""),
            provider_id=form.get("MessageSid", "")[:120],
            link=_settings().public_url,
            carrier=True,
        )
    return Response("<Response/>", mimetype="text/xml")


@blueprint.get("/u/<token>")
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    """Show the button; mail scanners follow links, so a GET changes nothing."""
    _, mailing = read_token(token)
    return _subscription(token, mailing, "ask")


@blueprint.post("/u/<token>")
@public
def unsubscribe_now(token: str) -> ResponseReturnValue:
    """Take the address off its list (RFC 8058): no cookie, no question, no redirect, any number of times."""
    with transaction() as session:
        mailing = service.unsubscribe(
            session, now=utcnow(), token=token, everything=request.form.get("everything") == "1"
        )
    return _subscription(token, mailing, "done")


@blueprint.post("/u/<token>/back")
@public
def subscribe_again(token: str) -> ResponseReturnValue:
    """Undo it, for who clicked by mistake."""
    with transaction() as session:
        mailing = resubscribe(session, token=token)
    return _subscription(token, mailing, "back")


def _subscription(token: str, mailing: Mailing, step: str) -> ResponseReturnValue:
    return render_template(
        "notify/subscription.html", token=token, mailing=words.MAILINGS[mailing], step=step,
        campaigns=mailing is Mailing.CAMPAIGNS,
    )  # fmt: skip


@blueprint.get("/desk")
@require(Permission.MESSAGES_READ)
def desk() -> ResponseReturnValue:
    """List what was sent, the newest first; what lies at the desk can be read."""
    wanted = {
        "state": _one_of(State, "state"),
        "channel": _one_of(Channel, "channel"),
        "ref": _ref(request.args),
    }
    with reading() as session:
        listed = queries.messages(
            session, page=request.args.get("page", 1, type=int), state=wanted["state"],
            channel=wanted["channel"], ref=wanted["ref"],
            secrets=_settings().development,
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
    return not _settings().twilio_account_sid


@blueprint.get("/desk/<int:outbox_id>")
@require(Permission.MESSAGES_READ)
def desk_message(outbox_id: int) -> ResponseReturnValue:
    """Show one message and what became of it."""
    with reading() as session:
        found = queries.message(
            session, outbox_id, union_name=_settings().union_name, secrets=_settings().development
        )
    form = ReplyForm(sender=found.to) if _played() and found.row.channel is Channel.SMS and found.to else None
    return render_template(
        "notify/message.html", message=found, tags=words.TAGS, states=words.STATES, form=form
    )


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
                    body=form.body.data, link=_settings().public_url,
                )  # fmt: skip
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(gettext(msg("Taken in as a reply (%(what)s)."), what=found.keyword.value), "ok")
            return redirect(url_for("notify.desk"), 303)
    return render_template("notify/reply.html", form=form), 422


@blueprint.get("/deliveries")
@require(Permission.MESSAGES_READ)
def deliveries() -> ResponseReturnValue:
    """Show how far the delivery of everything is, what is in doubt or failed, and which replies wait."""
    now = utcnow()
    with reading() as session:
        page = queries.overview(session, now=now)
        replies = queries.inbox(session)
        beats = queries.heartbeats(session)
    return render_template(
        "notify/deliveries.html", page=page, replies=replies, beats=beats, now=now, tags=words.TAGS,
        states=words.STATES,
    )  # fmt: skip


@blueprint.get("/deliveries/about")
@require(Permission.MESSAGES_READ)
def about() -> ResponseReturnValue:
    """Show how far the messages about one thing are, and why some did not arrive."""
    ref, now = _ref(request.args), utcnow()
    with reading() as session:
        found = queries.progress(session, ref)
        fast = speed(session, ref, now)
    return render_template(
        "notify/about.html",
        ref=ref,
        progress=found,
        live=_live(found, fast),
        states=words.STATES,
        channels=words.CHANNELS,
        tags=words.TAGS,
    )


@blueprint.get("/deliveries/about.json")
@require(Permission.MESSAGES_READ)
def about_json() -> ResponseReturnValue:
    """Say the numbers of that page anew, while it is open."""
    ref, now = _ref(request.args), utcnow()
    with reading() as session:
        return _live(queries.progress(session, ref), speed(session, ref, now))


def _live(found: queries.Progress, fast: Speed) -> dict[str, str]:
    """Return the page's numbers in words, by the keys under which it shows them."""
    done = gettext(msg("nothing moves just now")) if fast.left else gettext(msg("nothing waits"))
    if found.paused is None and fast.done_at is not None:
        done = i18n.when(fast.done_at, current_actor().zone)
    numbers = {
        "total": found.total,
        "gone": found.gone,
        "created": found.created,
        "per_minute": fast.per_minute,
        **{f"state-{state.value}": getattr(found, state.value) for state in State},
    }
    return {**{name: i18n.number(value) for name, value in numbers.items()}, "done": done}


@blueprint.post("/deliveries/hold")
@require(Permission.MESSAGES_SEND)
def hold() -> ResponseReturnValue:
    """Hold the messages about something."""
    ref = _ref(request.form)
    with transaction() as session:
        organizers.hold(session, actor=current_actor(), now=utcnow(), ref=ref)
    return redirect(url_for("notify.about", ref=ref), 303)


@blueprint.post("/deliveries/release")
@require(Permission.MESSAGES_SEND)
def release() -> ResponseReturnValue:
    """Let them go again."""
    ref = _ref(request.form)
    with transaction() as session:
        organizers.release(session, actor=current_actor(), now=utcnow(), ref=ref)
    return redirect(url_for("notify.about", ref=ref), 303)


@blueprint.post("/deliveries/replies/<int:inbound_id>")
@require(Permission.MESSAGES_READ)
def settle(inbound_id: int) -> ResponseReturnValue:
    """Mark a reply as dealt with."""
    with transaction() as session:
        organizers.settle_reply(session, actor=current_actor(), now=utcnow(), inbound_id=inbound_id)
    return redirect(url_for("notify.deliveries"), 303)


# Called by machines and from mailboxes, without a cookie: there is no session that a forged form could use.
for _view in (twilio_status, twilio_inbound, unsubscribe_now, subscribe_again):
    csrf.exempt(_view)
