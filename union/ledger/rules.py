"""What balances, who is owed how much, and whether an account number can be one. Pure: values in, values out.

The rule of a strike fund is frozen by hash when claims open: what members counted on cannot change after.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from union.core.errors import Closed, Conflict, Invalid
from union.core.i18n import msg
from union.core.money import plain, share_out


class Kind(StrEnum):
    """What an account is. Assets and expenses grow by debit, the others by credit."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


BANK, PAYABLE, CONTRIBUTIONS, GIFTS, STRIKE_PAY, COSTS = "1000", "2000", "4000", "4100", "5000", "5100"
CHART: dict[str, tuple[str, Kind]] = {
    BANK: (msg("Bank account of the strike fund"), Kind.ASSET),
    PAYABLE: (msg("Strike pay approved, not yet paid"), Kind.LIABILITY),
    CONTRIBUTIONS: (msg("Contributions of members"), Kind.INCOME),
    GIFTS: (msg("Gifts and solidarity"), Kind.INCOME),
    STRIKE_PAY: (msg("Strike pay"), Kind.EXPENSE),
    COSTS: (msg("Bank and other costs"), Kind.EXPENSE),
}
INCOMES = (CONTRIBUTIONS, GIFTS)
DEBIT_GROWS = frozenset({Kind.ASSET, Kind.EXPENSE})


@dataclass(frozen=True)
class Move:
    """One movement of cents: `debit` receives what `credit` gives. Balanced by its very shape."""

    debit: str
    credit: str
    cents: int


def moves(lines: Mapping[str, int]) -> list[Move]:
    """Return the movements that make up an entry. lines: account → cents, debits positive, credits negative.

    Raises Invalid naming the difference when debits and credits are not equal, or nothing moves.
    """
    difference = sum(lines.values())
    if difference:
        raise Invalid(
            msg("The entry does not balance: debits and credits differ by %(cents)s."),
            cents=plain(abs(difference)),
        )
    receive = [(code, cents) for code, cents in sorted(lines.items()) if cents > 0]
    give = [(code, -cents) for code, cents in sorted(lines.items()) if cents < 0]
    if not receive:
        raise Invalid(msg("An entry moves at least one cent."))
    found = []
    while receive:
        (debit, owed), (credit, owing) = receive.pop(), give.pop()
        cents = min(owed, owing)
        found.append(Move(debit, credit, cents))
        if owed > cents:
            receive.append((debit, owed - cents))
        if owing > cents:
            give.append((credit, owing - cents))
    return found


def balances(entries: Iterable[Move]) -> dict[str, int]:
    """Return account → debits less credits; the sum over all accounts is always nought."""
    found: dict[str, int] = {}
    for move in entries:
        found[move.debit] = found.get(move.debit, 0) + move.cents
        found[move.credit] = found.get(move.credit, 0) - move.cents
    return found


class FundState(StrEnum):
    """Where a strike fund's round is."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class ClaimState(StrEnum):
    """Where a member's claim is. LAPSED: nobody decided on it, or paid it, in time."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class BatchState(StrEnum):
    """Where a list of payments is."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    EXPORTED = "exported"
    PAID = "paid"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What moves a list of payments."""

    APPROVE = "approve"
    CANCEL = "cancel"
    EXPORT = "export"
    CONFIRM = "confirm"


B = BatchState

BATCH_STEPS: dict[tuple[BatchState, Step], BatchState] = {
    (B.PROPOSED, Step.APPROVE): B.APPROVED,
    (B.PROPOSED, Step.CANCEL): B.CANCELLED,
    (B.APPROVED, Step.EXPORT): B.EXPORTED,
    (B.EXPORTED, Step.EXPORT): B.EXPORTED,
    (B.PAID, Step.EXPORT): B.PAID,
    (B.EXPORTED, Step.CONFIRM): B.PAID,
}
BATCH_REFUSED: dict[Step, str] = {
    Step.APPROVE: msg("This list is not waiting for approval any more."),
    Step.CANCEL: msg("This list has been approved: its payments are in the books."),
    Step.EXPORT: msg("A second officer must approve this list before it can be exported."),
    Step.CONFIRM: msg("Only an exported list that was not confirmed before can be confirmed as paid."),
}


def batch_after(state: BatchState, step: Step) -> BatchState:
    """Return the state `step` leads to; raises Conflict with the reason."""
    if (state, step) not in BATCH_STEPS:
        raise Conflict(BATCH_REFUSED[step])
    return BATCH_STEPS[state, step]


@dataclass(frozen=True)
class PayRule:
    """What a striker is paid. first_day: 1 pays from the first day on. most_days: None for no limit.

    hardship_first: claims marked as hardship are paid in full before the others share what is left.
    starts_on, ends_on: first and last day of the strike, in the fund's zone.
    """

    text: str
    first_day: int
    per_day: int
    most_days: int | None
    hardship_first: bool
    starts_on: date
    ends_on: date

    def check(self) -> None:
        """Raise Invalid at the form's field for a rule that cannot be meant."""
        if self.ends_on < self.starts_on:
            raise Invalid(msg("The last day lies before the first."), field="ends_on")
        length = (self.ends_on - self.starts_on).days + 1
        if length > MOST_DAYS:
            raise Invalid(msg("A round covers at most %(most)s days."), field="ends_on", most=MOST_DAYS)
        if not 1 <= self.first_day <= length:
            raise Invalid(
                msg("The first paid day lies between 1 and %(length)s."), field="first_day", length=length
            )
        if self.per_day < 1:
            raise Invalid(msg("The amount per day is at least one cent."), field="per_day")
        if self.most_days is not None and self.most_days < 1:
            raise Invalid(msg("At least one day is paid."), field="most_days")

    def frozen(self) -> dict[str, Any]:
        """Return plain values to store and to hash."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def thawed(cls, stored: Mapping[str, Any]) -> "PayRule":
        """Read back what `frozen` gave."""
        days = {name: date.fromisoformat(str(stored[name])) for name in ("starts_on", "ends_on")}
        return cls(**{**stored, **days})

    @property
    def canonical(self) -> bytes:
        """The very bytes that are hashed: canonical JSON."""
        return json.dumps(self.frozen(), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @property
    def hash(self) -> str:
        """The SHA-256 (hex) of the rule."""
        return hashlib.sha256(self.canonical).hexdigest()

    def all_days(self) -> list[date]:
        """Return the days of the strike."""
        return [self.starts_on + timedelta(n) for n in range((self.ends_on - self.starts_on).days + 1)]

    def paid_days(self, days: Iterable[date]) -> int:
        """Return how many of the claimed days are paid: from the first paid day on, up to the most."""
        first = self.starts_on + timedelta(self.first_day - 1)
        counted = sum(1 for day in set(days) if first <= day <= self.ends_on)
        return counted if self.most_days is None else min(counted, self.most_days)

    def due(self, days: Iterable[date]) -> int:
        """Return what is owed for the claimed days, in cents."""
        return self.paid_days(days) * self.per_day


MOST_DAYS = 366


BANK_ZONE = ZoneInfo("Europe/Brussels")
"""Where the days of a bank statement in euros are counted: T2 and SEPA keep Central European Time."""


def bank_day(now: datetime) -> date:
    """Return the day that it is at the bank."""
    return now.astimezone(BANK_ZONE).date()


def check_days(rule: PayRule, days: Iterable[date], today: date) -> list[date]:
    """Return the claimed days in order; raises Invalid for none, for days outside the strike or ahead."""
    claimed = sorted(set(days))
    if not claimed:
        raise Invalid(msg("Tick the days on which you took part."), field="days")
    for day in claimed:
        if not rule.starts_on <= day <= rule.ends_on:
            raise Invalid(
                msg("%(day)s is not a day of this strike."), field="days", day=day.strftime("%d-%m-%Y")
            )
        if day > today:
            raise Invalid(
                msg("%(day)s has not come yet: claim it afterwards."),
                field="days",
                day=day.strftime("%d-%m-%Y"),
            )
    return claimed


@dataclass(frozen=True)
class Due:
    """What a claim is owed under the rule, in cents."""

    claim_id: str
    cents: int
    hardship: bool


def allocate(available: int, dues: Iterable[Due], *, hardship_first: bool) -> dict[str, int]:
    """Share `available` cents over what is owed, to the cent: never more than is owed, or than there is.

    With hardship_first those claims are paid first; where money is short, those of the same turn get equal
    parts of what they are owed, by largest remainder. The order of `dues` does not matter.
    """
    listed = list(dues)
    turns = (
        [[d for d in listed if d.hardship], [d for d in listed if not d.hardship]]
        if hardship_first
        else [listed]
    )
    left, found = max(0, available), {}
    for turn in turns:
        owed = {due.claim_id: due.cents for due in turn}
        total = sum(owed.values())
        paid = owed if total <= left else share_out(left, owed)
        found.update(paid)
        left -= sum(paid.values())
    return found


_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
# Length by country, from the SWIFT IBAN registry, for the countries our members bank in.
_IBAN_LENGTH = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
    "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21,
    "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24,
    "SE": 24, "SI": 19, "SK": 24,
}  # fmt: skip


def iban(text: str, *, field: str = "iban") -> str:
    """Return the account number without spaces; raises Invalid where its check digits do not fit.

    Source: ISO 13616.
    """
    number = re.sub(r"\s", "", text).upper()
    fits = _IBAN.fullmatch(number) and len(number) == _IBAN_LENGTH.get(number[:2], len(number))
    if fits:
        moved = number[4:] + number[:4]
        digits = "".join(str(int(letter, 36)) for letter in moved)
        if int(digits) % 97 == 1:
            return number
    raise Invalid(msg("That is not a valid account number (IBAN): check for a typing mistake."), field=field)


def must_be_open(state: FundState) -> None:
    """Raise Closed unless claims can be made now."""
    if state is FundState.DRAFT:
        raise Closed(msg("This round is not open for claims yet."))
    if state is FundState.CLOSED:
        raise Closed(msg("Claims on this round are closed."))


CSV_COLUMNS = (
    "PaymentInformationId", "EndToEndId", "RequestedExecutionDate", "Currency", "InstructedAmount",
    "CreditorName", "CreditorIBAN", "RemittanceInformation",
)  # fmt: skip


def cell(text: str) -> str:
    """Return text that no spreadsheet runs as a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
