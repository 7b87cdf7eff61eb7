"""Where carriers report receipts and replies. Open to the world, believed by their signature only."""

import json
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import transaction
from union.core.errors import Invalid, NotAllowed
from union.core.i18n import msg
from union.notify import service
from union.notify.channels import sinch_sms
from union.notify.channels.twilio_sms import state_of, valid_signature
from union.notify.views.common import blueprint, settings
from union.web.guards import public
from union.web.kit import csrf

_LONGEST_FIELD = 4096
_LONGEST_ID = 18


def _believe_twilio() -> dict[str, str]:
    """Return the webhook's form fields, or refuse: Twilio signs them with the address it called."""
    found = settings()
    query = request.query_string.decode("latin-1")
    url = f"{found.public_url}{request.path}" + (f"?{query}" if query else "")
    form = {name: value[:_LONGEST_FIELD] for name, value in request.form.items()}
    if not valid_signature(found.twilio_auth_token, url, form, request.headers.get("X-Twilio-Signature", "")):
        raise NotAllowed(msg("The signature of this call does not fit."))
    return {name: value.replace("\0", "") for name, value in form.items()}


@blueprint.post("/twilio/status/<int:outbox_id>-<int:attempt>")
@public
def twilio_status(outbox_id: int, attempt: int) -> ResponseReturnValue:
    """Take a receipt; the same answer whether it told anything new, so that nobody repeats it for that."""
    form = _believe_twilio()
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
    form = _believe_twilio()
    with transaction() as session:
        service.receive(
            session,
            now=utcnow(),
            sender=form.get("From", ""),
            body=form.get("Body", ""),
            provider_id=form.get("MessageSid", "")[:120],
            link=settings().public_url,
            carrier=True,
        )
    return Response("<Response/>", mimetype="text/xml")


def _believe_sinch() -> dict[str, Any]:
    """Return the webhook's JSON, or refuse: Sinch signs the body as it was sent."""
    body = request.get_data(cache=False)
    if not sinch_sms.valid_signature(settings().sinch_webhook_secret, body, dict(request.headers)):
        raise NotAllowed(msg("The signature of this call does not fit."))
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Invalid(msg("This call says nothing we understand."))
    return told


def _field(told: dict[str, Any], name: str) -> str:
    return str(told.get(name) or "")[:_LONGEST_FIELD].replace("\0", "")


@blueprint.post("/sinch/status")
@public
def sinch_status() -> ResponseReturnValue:
    """Take a recipient's delivery report; what is not about a text of ours gets the same answer."""
    told = _believe_sinch()
    row, _, attempt = _field(told, "client_reference").partition("-")
    known = row.isascii() and row.isdigit() and len(row) <= _LONGEST_ID and attempt.isascii()
    if told.get("type") == "recipient_delivery_report_sms" and known and attempt.isdigit():
        state, code = sinch_sms.state_of(told)
        with transaction() as session:
            service.record_status(
                session, now=utcnow(), outbox_id=int(row), attempt=int(attempt[:6]),
                provider_id=_field(told, "batch_id")[:120], state=state, code=code,
            )  # fmt: skip
    return Response(status=204, mimetype="text/plain")


@blueprint.post("/sinch/inbound")
@public
def sinch_inbound() -> ResponseReturnValue:
    """Take a reply; Sinch leaves STOP and HELP to us, so the outbox answers them."""
    told = _believe_sinch()
    sender = _field(told, "from").removeprefix("+")
    if told.get("type") == "mo_text" and _field(told, "id") and sender.isascii() and sender.isdigit():
        with transaction() as session:
            service.receive(
                session, now=utcnow(), sender=f"+{sender}", body=_field(told, "body"),
                provider_id=_field(told, "id")[:120], link=settings().public_url,
            )  # fmt: skip
    return Response(status=204, mimetype="text/plain")


# Called by machines, without a cookie: there is no session that a forged form could use.
for _view in (twilio_status, twilio_inbound, sinch_status, sinch_inbound):
    csrf.exempt(_view)
