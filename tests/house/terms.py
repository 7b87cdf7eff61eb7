"""What shows that a table is kept for as long as it says: a term and the job that ends it, an act, or a reason.

`until` is the model's own sentence, and the length of a term is read from it, so that other words on a model
are another term here, or a test fails.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_LENGTHS = {
    "an hour": timedelta(hours=1),
    "a day": timedelta(days=1),
    "a week": timedelta(days=7),
    "a month": timedelta(days=30),
    "thirty days": timedelta(days=30),
    "sixty days": timedelta(days=60),
    "ninety days": timedelta(days=90),
    "half a year": timedelta(days=180),
    "two years": timedelta(days=730),
}
Row = tuple[str, dict[str, Any]]
Rows = Callable[[datetime], list[Row]]


def length(words: str) -> timedelta:
    """Return the first length of time that `words` name, no time at all where they name an event."""
    found = re.search("|".join(rf"\b{name}\b" for name in _LENGTHS), words)
    return _LENGTHS[found[0]] if found else timedelta()


@dataclass(frozen=True)
class Term:
    """A time or an event after which a scheduled job forgets.

    rows: what is planted, by the moment the term begins; jobs: by the scheduler's names; columns: what is
    emptied, () where the row goes; event: what has happened when the term begins, as (table, facts); words:
    the part of the sentence that names the length, where it names several; lasts: where the row itself says it.
    """

    until: str
    jobs: tuple[str, ...]
    rows: Rows
    columns: tuple[str, ...] = ()
    event: tuple[Row, ...] = ()
    words: str = ""
    lasts: timedelta | None = None

    @property
    def length(self) -> timedelta:
        return length(self.words or self.until) if self.lasts is None else self.lasts


@dataclass(frozen=True)
class Act:
    """A word of somebody after which the row is gone; the test that says it is in `test_kept.py`."""

    until: str


@dataclass(frozen=True)
class ForGood:
    """Nothing forgets it while the union stands; why."""

    until: str
    why: str = field(default="")


LATER = timedelta(days=2000)
_ACTION = {"id": "a1", "slug": "a1", "campaign_id": "c1", "chase_every": 0, "state": "ended"}
_CAMPAIGN = {
    "id": "c1", "slug": "c1", "kind": "action", "stage": "closed", "announced_to": None, "outcome_to": None,
}  # fmt: skip
_BALLOT = {
    "id": "b1",
    "slug": "b1",
    "state": "concluded",
    "contest_days": 7,
    "wiped_at": None,
    "chapters": None,
    "rerun_of": None,
}
_LIST = {"id": "l1", "kind": "call", "closed_at": None, "results": None}
_TABLE = "as long as the table"


def _ended(at: datetime) -> Row:
    return "campaign", {**_CAMPAIGN, "ended_at": at, "settled_at": at}


def _list(at: datetime) -> Row:
    return "call_list", {**_LIST, "closes_at": at}


_CLAIM = "ninety days after it was paid or refused, or its round closed and nobody went on; the sum stays"
_THEIRS = ("reason", "payee", "iban", "refusal", "member_id")


def _fund(closed_at: datetime) -> Row:
    return "strike_fund", {"id": "f1", "state": "closed", "zone": "UTC", "closed_at": closed_at}


def _claim(state: str, decided_at: datetime | None) -> Row:
    facts = {"id": "s1", "fund_id": "f1", "state": state, "decided_at": decided_at, "wiped_at": None}
    return "strike_claim", facts


TERMS: dict[str, Term] = {
    "action": Term(
        "until the action ends", ("actions.wipe",),
        lambda at: [("action", {**_ACTION, "state": "live", "starts_at": at, "fired_at": at})],
        columns=("checkin_key",), event=(("action", {"state": "ended"}),),
    ),
    "action_choice": Term(
        "thirty days after the action", ("actions.wipe",),
        lambda at: [
            ("action", {**_ACTION, "starts_at": at - LATER, "fired_at": at - LATER, "ended_at": at}),
            ("action_choice", {"action_id": "a1"}),
        ],
    ),
    "checkin_once": Term(
        "until the action ends", ("actions.wipe",),
        lambda at: [
            ("action", {**_ACTION, "state": "live", "starts_at": at, "fired_at": at}),
            ("checkin_once", {"action_id": "a1"}),
        ],
        event=(("action", {"state": "ended"}),),
    ),
    "board_observer": Term(
        "until the vote is over", ("ballots.heads",),
        lambda at: [
            ("ballot", {**_BALLOT, "state": "open", "opens_at": at, "closes_at": at + LATER, "head": None}),
            ("board_observer", {"ballot_id": "b1", "address": None, "address_hash": None, "confirmed_at": at}),
        ],
        event=(("ballot", {"state": "closed"}),),
    ),
    "poll_answer": Term(
        "thirty days after the show of hands", ("ballots.hands",),
        lambda at: [
            ("poll", {"id": "p1", "answers": "[]", "closes_at": at, "closed_at": None}),
            ("poll_answer", {"poll_id": "p1"}),
        ],
    ),
    "roll_entry": Term(
        "as long as the vote must be checkable; that you voted until nobody can object any more", ("ballots.wipe",),
        lambda at: [("ballot", {**_BALLOT, "opens_at": at, "closes_at": at + LATER, "concluded_at": at}), ("roll_entry", {"ballot_id": "b1", "voted": 1})],
        columns=("voted",), lasts=timedelta(days=7),
    ),
    "grievance": Term(
        "two years after the case", ("bargaining.wipe",),
        lambda at: [("grievance", {"id": "g1", "state": "settled", "closed_at": at, "wiped_at": None})],
        columns=("text", "outcome", "member_id"),
    ),
    "grievance_note": Term(
        "two years after the case", ("bargaining.wipe",),
        lambda at: [
            ("grievance", {"id": "g1", "state": "settled", "closed_at": at, "wiped_at": None}),
            ("grievance_note", {"grievance_id": "g1"}),
        ],
        columns=("text",),
    ),
    "campaign_follower": Term(
        "until taken off, or a month after the campaign", ("campaigns.forget",),
        lambda at: [_ended(at), ("campaign_follower", {"campaign_id": "c1", "confirmed": 1, "asked_at": at})],
    ),
    "pledge": Term(
        "until a month after the campaign, or the end of its last action if that is later;"
        " the minimum until the deadline",
        ("actions.wipe",),
        lambda at: [_ended(at), ("pledge", {"campaign_id": "c1", "at_least": None})],
    ),
    "demand": Term(
        "who wrote it a month after the campaign; the words stay", ("campaigns.forget",),
        lambda at: [_ended(at), ("demand", {"campaign_id": "c1", "merged_into": None})],
        columns=("author_id",),
    ),
    "amendment": Term(
        "who wrote it a month after the campaign; the words stay", ("campaigns.forget",),
        lambda at: [_ended(at), ("demand", {"id": "d1", "campaign_id": "c1", "merged_into": None}), ("amendment", {"demand_id": "d1"})],
        columns=("author_id",),
    ),
    "endorsement": Term(
        "a month after the campaign; the count stays", ("campaigns.forget",),
        lambda at: [_ended(at), ("demand", {"id": "d1", "campaign_id": "c1", "merged_into": None}), ("endorsement", {"demand_id": "d1"})],
    ),
    "demand_rank": Term(
        "a month after the campaign; the order of all stays", ("campaigns.forget",),
        lambda at: [
            _ended(at), ("demand", {"id": "d1", "campaign_id": "c1", "merged_into": None}),
            ("demand_rank", {"campaign_id": "c1", "demand_id": "d1"}),
        ],
    ),
    "structure_test_yes": Term(
        "thirty days after the test; the counts stay", ("campaigns.forget",),
        lambda at: [
            ("campaign", {**_CAMPAIGN, "stage": "gathering", "ended_at": None}),
            ("structure_test", {"id": "t1", "campaign_id": "c1", "closes_at": at, "yes_count": 1, "areas": None}),
            ("structure_test_yes", {"test_id": "t1"}),
        ],
    ),
    "signature": Term(
        "a month after the campaign; the public list stays", ("campaigns.forget",),
        lambda at: [
            _ended(at), ("signature", {"campaign_id": "c1", "public": 1, "confirmed_at": at, "withdrawn_at": None}),
        ],
        columns=("email", "address_key"),
    ),
    "strike_claim": Term(
        _CLAIM, ("ledger.wipe",),
        lambda at: [_fund(at - LATER), _claim("refused", at)],
        columns=_THEIRS,
    ),
    "strike_claim_day": Term(
        "as long as whose claim it is: ninety days", ("ledger.wipe",),
        lambda at: [
            _fund(at - LATER), _claim("refused", at), ("strike_claim_day", {"claim_id": "s1"}),
        ],
    ),
    "attempt": Term("a day", ("members.members.forget",), lambda at: [("attempt", {"at": at})]),
    "challenge": Term(
        "an hour after it was used or ran out", ("members.members.forget",),
        lambda at: [("challenge", {"expires_at": at, "used_at": None})],
    ),
    "import_draft": Term("an hour", ("members.members.forget",), lambda at: [("import_draft", {"at": at})]),
    "local_role": Term(
        "until the role ends, which is a year ahead at most", ("members.members.forget",),
        lambda at: [("local_role", {"granted_at": at - timedelta(days=9), "until": at, "ended_at": None})],
    ),
    "member": Term(
        "a month after leaving, or at once on your word", ("members.members.erase_who_left",),
        lambda at: [("member", {"id": "m1", "state": "left", "left_at": at, "erased_at": None})],
        columns=("name", "email", "phone", "vouch_code", "state_reason", "email_hash", "phone_hash", "vouch_hash"),
    ),
    "member_session": Term(
        "a week after signing out", ("members.members.forget",),
        lambda at: [("member_session", {"expires_at": at + LATER, "revoked_at": at})],
    ),
    "inbound_message": Term(
        "words and sender thirty days after somebody dealt with it, half a year at most", ("notify.wipe",),
        lambda at: [("inbound_message", {"at": at, "handled_at": at})],
        columns=("sealed", "member_id"),
    ),
    "outbox": Term(
        "address and words until delivered, and a day (three without a receipt);"
        " whose it was and the address's hash ninety days; that it was written, for good",
        ("notify.wipe",),
        lambda at: [("outbox", {
            "state": "delivered", "changed_at": at, "expires_at": at, "provider": "smtp", "secret": 0, "lane": "news",
        })],
        columns=("sealed",),
    ),
    "call_entry": Term(
        "a month after the list ended", ("organizing.forget",),
        lambda at: [_list(at), ("call_entry", {"list_id": "l1", "id": "e1", "outcome": None})],
    ),
    "call_attempt": Term(
        "a month after the list ended", ("organizing.forget",),
        lambda at: [
            _list(at), ("call_entry", {"list_id": "l1", "id": "e1", "outcome": None}),
            ("call_attempt", {"entry_id": "e1"}),
        ],
    ),
    "call_hold": Term(
        "some minutes", ("organizing.forget",), lambda at: [("call_hold", {"until": at})], lasts=timedelta(),
    ),
    "list_draft": Term("an hour", ("organizing.forget",), lambda at: [("list_draft", {"at": at})]),
    "list_export": Term(
        "a month after the list ended", ("organizing.forget",),
        lambda at: [_list(at), ("list_export", {"list_id": "l1"})],
    ),
    "talk": Term("half a year", ("organizing.forget",), lambda at: [("talk", {"at": at, "rating": 3})]),
    "task": Term(
        "ninety days after it was done, half a year after it was due", ("organizing.forget",),
        lambda at: [("task", {"due_at": at + LATER, "done_at": at})],
    ),
}  # fmt: skip

ALSO: list[tuple[str, Term]] = [
    ("outbox", Term(
        TERMS["outbox"].until, ("notify.wipe",),
        lambda at: [("outbox", {
            "state": "accepted", "changed_at": at, "expires_at": at, "provider": "smtp", "secret": 0, "lane": "news",
        })],
        columns=("sealed",), lasts=timedelta(days=3),
    )),
    ("outbox", Term(
        TERMS["outbox"].until, ("notify.wipe",),
        lambda at: [("outbox", {
            "state": "delivered", "changed_at": at, "expires_at": at, "provider": "smtp", "secret": 0, "lane": "news",
        })],
        columns=("address_hash", "member_id"), words="ninety days",
    )),
    ("outbox", Term(
        TERMS["outbox"].until, ("notify.wipe",),
        lambda at: [("outbox", {
            "state": "accepted", "changed_at": at, "expires_at": at, "provider": "smtp", "secret": 0, "lane": "news",
        })],
        columns=("address_hash", "member_id"), words="ninety days",
    )),
    ("inbound_message", Term(
        TERMS["inbound_message"].until, ("notify.wipe",),
        lambda at: [("inbound_message", {"at": at, "handled_at": None})],
        columns=("sealed", "member_id"), words="half a year",
    )),
    ("signature", Term(
        TERMS["signature"].until, ("campaigns.forget",),
        lambda at: [
            _ended(at), ("signature", {"campaign_id": "c1", "public": 0, "confirmed_at": at, "withdrawn_at": None}),
        ],
    )),
    ("strike_claim", Term(
        TERMS["strike_claim"].until, ("ledger.wipe",),
        lambda at: [
            _fund(at - LATER), _claim("accepted", at - LATER), ("payout", {"claim_id": "s1", "batch_id": "p1"}),
            ("payout_batch", {"id": "p1", "state": "paid", "paid_at": at}),
        ],
        columns=_THEIRS,
    )),
    ("strike_claim", Term(
        TERMS["strike_claim"].until, ("ledger.wipe",),
        lambda at: [
            _fund(at - LATER), _claim("accepted", at - LATER), ("payout", {"claim_id": "s1", "batch_id": "p1"}),
            ("payout_batch", {"id": "p1", "state": "exported", "paid_at": None, "exported_at": at}),
        ],
        columns=_THEIRS,
    )),
    ("strike_claim", Term(
        TERMS["strike_claim"].until, ("bargaining.claims",),
        lambda at: [_fund(at), _claim("claimed", None)],
        columns=_THEIRS,
    )),
    ("strike_claim", Term(
        TERMS["strike_claim"].until, ("bargaining.claims",),
        lambda at: [_fund(at - timedelta(days=30)), _claim("accepted", at)],
        columns=_THEIRS,
    )),
    ("strike_claim", Term(
        TERMS["strike_claim"].until, ("bargaining.claims",),
        lambda at: [
            _fund(at - LATER), _claim("accepted", at - LATER), ("payout", {"claim_id": "s1", "batch_id": "p1"}),
            ("payout_batch", {
                "id": "p1", "fund_id": "f1", "state": "proposed", "proposed_at": at, "approved_at": None, "exported_at": None,
                "paid_at": None,
            }),
        ],
        columns=_THEIRS,
    )),
    ("strike_claim", Term(
        TERMS["strike_claim"].until, ("ledger.wipe",),
        lambda at: [_fund(at), ("strike_claim", {"fund_id": "f1", "state": "withdrawn", "wiped_at": at})],
        columns=("member_id",),
    )),
    ("structure_test_yes", Term(
        TERMS["structure_test_yes"].until, ("campaigns.forget",),
        lambda at: [
            _ended(at),
            ("structure_test", {
                "id": "t1", "campaign_id": "c1", "closes_at": at + LATER, "yes_count": 1, "areas": None,
            }),
            ("structure_test_yes", {"test_id": "t1"}),
        ],
    )),
    ("action_choice", Term(
        TERMS["action_choice"].until, ("actions.wipe",),
        lambda at: [
            ("action", {**_ACTION, "state": "postponed", "starts_at": at - LATER, "ended_at": at}),
            ("action_choice", {"action_id": "a1"}),
        ],
    )),
    ("pledge", Term(
        TERMS["pledge"].until, ("actions.wipe",),
        lambda at: [
            _ended(at - LATER), ("pledge", {"campaign_id": "c1", "at_least": None}),
            ("action", {**_ACTION, "state": "live", "starts_at": at - LATER, "fired_at": at - LATER}),
        ],
        event=(("action", {"state": "ended"}),), lasts=timedelta(),
    )),
    ("local_role", Term(
        TERMS["local_role"].until, ("members.members.forget",),
        lambda at: [("local_role", {"granted_at": at - timedelta(days=9), "until": at + LATER, "ended_at": at})],
    )),
    ("task", Term(
        TERMS["task"].until, ("organizing.forget",),
        lambda at: [("task", {"due_at": at, "done_at": None})], words="half a year",
    )),
    ("member_session", Term(
        TERMS["member_session"].until, ("members.members.forget",),
        lambda at: [("member_session", {"expires_at": at, "revoked_at": None})],
    )),
    ("challenge", Term(
        TERMS["challenge"].until, ("members.members.forget",),
        lambda at: [("challenge", {"expires_at": at + LATER, "used_at": at})],
    )),
]  # fmt: skip
"""What else a sentence says, or another way its term begins."""

ACTS: dict[str, Act] = {
    "ballot_weight": Act("until the vote opens or is called off"),
    "credential_tag": Act("until the vote opens or is called off"),
    "waiting_receipt": Act("until enough wait to leave together, or the vote is over"),
    "affiliation": Act("until you change it"),
    "member_role": Act("until it is taken back"),
    "vouch": Act("until either of the two is erased"),
    "bad_address": Act("until mail arrives again"),
    "opt_out": Act("until the address says yes again"),
    "push_device": Act("until switched off"),
    "shown_as": Act("until changed"),
    "trial_recipient": Act("until the trial ends"),
    "no_contact": Act("until you take it back"),
    "prospect": Act("sixty days at most"),
    "saved_filter": Act("until deleted"),
    "tagging": Act("until it is taken off"),
}

FOR_GOOD: dict[str, ForGood] = {
    "audit_entry": ForGood("for ever: it is chained", "a log from which something went is no log"),
    "journal_entry": ForGood("as long as the law wants books kept", "how long that is differs by country"),
    "payout": ForGood("as long as the law wants books kept", "a sum the union paid; no account, no name"),
    "send_attempt": ForGood(
        "as long as it is kept that the message was written",
        "what a provider is asked about; no address, no word",
    ),
    "ballot_objection": ForGood("as long as the vote must be checkable", "published with the archive"),
    "ballot_trustee": ForGood("as long as the vote must be checkable", "the names stand in the archive"),
    "bargaining_table": ForGood(_TABLE, "who spoke for the other side belongs to the agreement"),
    "bargaining_meeting": ForGood(_TABLE, "minutes belong to the agreement"),
    "table_letter": ForGood(_TABLE, "what was demanded of whom belongs to the agreement"),
    "team_seat": ForGood(_TABLE, "who held a mandate belongs to the agreement"),
    "call_list": ForGood("as long as the numbers of the list are of use", "words of organizers, of nobody"),
}
