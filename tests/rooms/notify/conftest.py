"""Parts for delivery's tests: a clock to turn, real local providers, and an outbox to look into."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer
from werkzeug.serving import make_server

from tests.conftest import NOW
from union.core import db
from union.core.clock import utcnow
from union.notify import service as notify
from union.notify.channels.desk import Desk
from union.notify.channels.twilio_sms import TwilioSms
from union.notify.delivery import Sender
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel, Lane
from union.notify.testing import twilio_server
from union.notify.testing.faults import Faults

WHO = Sender("Datavakbond", "https://union.example")
DESKS = (Desk(Channel.SMS), Desk(Channel.EMAIL))
AWAKE = f"Etc/GMT{utcnow().hour - 12:+d}"
"""A zone in which it is noon: no quiet hours."""


@dataclass
class Hand:
    """A clock that stands still until somebody turns it."""

    now: datetime = NOW

    def __call__(self):
        return self.now

    def turn(self, **by):
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def twilio():
    with twilio_server.running(twilio_server.TwilioServer(faults=Faults(receipts=False))) as server:
        yield server


def sms_route(server, *, status_url="http://localhost/twilio/status", callers=4, discard=False):
    return TwilioSms(
        account_sid=server.account, auth_token=server.token, messaging_service_sid=twilio_server.SERVICE,
        api_url=server.url, status_url=status_url, callers=callers, discard=discard,
    )  # fmt: skip


@pytest.fixture
def route(twilio):
    made = sms_route(twilio)
    yield made
    made.close()


def write(n=1, *, now=NOW, first=0, **facts):
    """Put n messages in the outbox and return their ids."""
    defaults = {
        "ref": "action:x", "kind": "briefing", "channel": Channel.SMS, "language": "en",
        "zone": "Europe/Amsterdam", "template": "notify/test", "fields": {"when": "now"}, "lane": Lane.ALERT,
        "expires_at": now + timedelta(hours=6),
    }  # fmt: skip
    facts = {**defaults, **facts}
    ids = []
    with db.transaction() as session:
        for k in range(first, first + n):
            to = f"+3161{k:07d}" if facts["channel"] is Channel.SMS else f"m{k}@example.org"
            ids.append(notify.enqueue(session, now=now, **{"to": to, "member_id": f"m{k}", **facts}))
    return ids


def rows(**where):
    with db.reading() as session:
        return list(
            session.scalars(
                select(Outbox).filter_by(**where).order_by(Outbox.id).options(undefer(Outbox.sealed))
            )
        )


def states():
    return [row.state for row in rows()]


@pytest.fixture
def webhook(app, twilio):
    """Our own web application over real HTTP, believing the local provider's signatures."""
    served = make_server("127.0.0.1", 0, app, threaded=True)
    address = f"http://127.0.0.1:{served.port}"
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"],
        public_url=address,
        twilio_auth_token=twilio.token,
        twilio_account_sid=twilio.account,
    )
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield address
    served.shutdown()
    thread.join(5)
    served.server_close()
