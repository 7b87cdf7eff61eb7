"""What can be done with the books and the strike fund: authorize, lock, decide, write, record."""

from union.ledger.service.books import (
    book,
    booked,
    compared,
    contribute,
    contribute_all,
    correct,
    ensure_chart,
)
from union.ledger.service.claims import accept_all, claim, decide, forget_member, withdraw
from union.ledger.service.ending import KEPT as CLAIMS_KEPT
from union.ledger.service.ending import WARN_AFTER, Lapsed, Waiting, lapse, waiting, wipe
from union.ledger.service.funds import close_due, close_fund, create_fund, edit_fund, open_fund
from union.ledger.service.payouts import approve, cancel, confirm_paid, export, propose

__all__ = [
    "CLAIMS_KEPT",
    "WARN_AFTER",
    "Lapsed",
    "Waiting",
    "accept_all",
    "approve",
    "book",
    "booked",
    "cancel",
    "claim",
    "close_due",
    "close_fund",
    "compared",
    "confirm_paid",
    "contribute",
    "contribute_all",
    "correct",
    "create_fund",
    "decide",
    "edit_fund",
    "ensure_chart",
    "export",
    "forget_member",
    "lapse",
    "open_fund",
    "propose",
    "waiting",
    "wipe",
    "withdraw",
]
