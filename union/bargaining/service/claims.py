"""Who hears that strike pay waits: officers in time, claimants when it is late and when it has ended.

The books know no addresses; here both are known. No mail says what it is about.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from union.bargaining.service.common import write_to
from union.core.actor import Actor, Role
from union.core.permissions import Permission, allow
from union.ledger import service as ledger
from union.ledger.service import Waiting
from union.members import queries as members


def chase_claims(session: Session, *, actor: Actor, now: datetime, public_url: str) -> int:
    """End what waited too long and tell whose it was; remind who can still decide. Return how many mails.

    Two weeks after the last step officers are reminded; after sixty days they and the claimants hear by when
    it must be done; after ninety it ends.
    """
    allow(actor, Permission.BARGAINING_TICK)
    written = 0
    for one in ledger.lapse(session, actor=actor, now=now):
        written += write_to(
            session,
            [one.member_id],
            now=now,
            ref=f"fund:{one.fund_id}",
            kind="claim_ended",
            template="bargaining/claim_ended",
            fields={"link": f"{public_url}/fund"},
        )
    officers = members.with_role(session, Role.OFFICER)
    for found in ledger.waiting(session, now):
        written += _tell(session, found, officers, now, public_url)
    return written


def _tell(session: Session, found: Waiting, officers: list[str], now: datetime, public_url: str) -> int:
    kind = "claims_due" if found.due - now < ledger.CLAIMS_KEPT - ledger.WARN_AFTER else "claims_wait"
    written = write_to(
        session,
        officers,
        now=now,
        ref=f"fund:{found.fund_id}",
        kind=kind,
        template=f"bargaining/{kind}",
        fields={
            "title": found.title,
            "undecided": str(found.undecided),
            "unpaid": str(found.unpaid),
            "link": f"{public_url}/fund/{found.slug}/run",
        },
        moment=found.due,
        zone=found.zone,
    )
    for ends_at, late in found.late.items():
        written += write_to(
            session,
            late,
            now=now,
            ref=f"fund:{found.fund_id}:{ends_at:%Y%m%d}",
            kind="claim_waits",
            template="bargaining/claim_waits",
            fields={"link": f"{public_url}/fund/{found.slug}"},
            moment=ends_at,
            zone=found.zone,
        )
    return written
