"""A sender process to kill: `python -m tests.rooms.notify.sender DATABASE_URL TWILIO_URL STATUS_URL`.

Sends what is due for ever, with short time-outs, as the scheduler's job does.
"""

import logging
import sys
import time

from tests.rooms.notify.conftest import WHO
from union.core import db, sealing
from union.core.clock import utcnow
from union.notify import jobs
from union.notify.channels import twilio_sms
from union.notify.testing.twilio_server import ACCOUNT, SERVICE, TOKEN


def main():
    database_url, api_url, status_url = sys.argv[1:4]
    logging.basicConfig(level=logging.WARNING)
    twilio_sms.TIMEOUT = (1.0, 1.0)
    sealing.install(sealing.Vault(bytes(range(32))))
    db.install(db.Database(db.make_engine(database_url)))
    route = twilio_sms.TwilioSms(
        account_sid=ACCOUNT, auth_token=TOKEN, messaging_service_sid=SERVICE, api_url=api_url,
        status_url=status_url, callers=8, discard=False,
    )  # fmt: skip
    print("ready", flush=True)
    while True:
        jobs.deliver_due((route,), WHO, clock=utcnow)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
