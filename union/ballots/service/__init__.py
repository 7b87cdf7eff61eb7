"""What can be done with a ballot, one verb each: decide by the rules, write, record, tell."""

from union.ballots.papers import Asked, Part, choice, decision
from union.ballots.receipts import Receipt, Signer
from union.ballots.service.afterwards import (
    answer_objection,
    contest_open,
    raise_objection,
    remind,
    send_receipts,
    wipe_marks,
)
from union.ballots.service.again import hold_again
from union.ballots.service.casting import Booth, Examined, booth, cast, examine
from union.ballots.service.ceremony import Halted, StepTaken, complain, submit_step
from union.ballots.service.counting import ShareTaken, close_ballot, conclude, submit_decryption
from union.ballots.service.credentials import Issued, issue_credentials, roll_hash
from union.ballots.service.drafting import (
    GROUPS,
    confirm_rule,
    draft,
    drop_trustee,
    reschedule,
    set_threshold,
)
from union.ballots.service.keys import begin_again
from union.ballots.service.observers import (
    ask_to_observe,
    confirm_observer,
    observe,
    send_heads,
    stop_observing,
)
from union.ballots.service.offline import export_roll, upload_credentials
from union.ballots.service.opening import cancel, open_ballot
from union.ballots.service.polls import close_poll, forget_hands, open_poll, raise_hand
from union.ballots.service.refusals import Refusal
from union.ballots.service.summons import call_trustees
from union.ballots.service.trustees import (
    KeyTaken,
    TestTaken,
    ask_for_keys,
    submit_test,
    submit_trustee_key,
)

__all__ = [
    "GROUPS",
    "Asked",
    "Booth",
    "Examined",
    "Halted",
    "Issued",
    "KeyTaken",
    "Part",
    "Receipt",
    "Refusal",
    "ShareTaken",
    "Signer",
    "StepTaken",
    "TestTaken",
    "answer_objection",
    "ask_for_keys",
    "ask_to_observe",
    "begin_again",
    "booth",
    "call_trustees",
    "cancel",
    "cast",
    "choice",
    "close_ballot",
    "close_poll",
    "complain",
    "conclude",
    "confirm_observer",
    "confirm_rule",
    "contest_open",
    "decision",
    "draft",
    "drop_trustee",
    "examine",
    "export_roll",
    "forget_hands",
    "hold_again",
    "issue_credentials",
    "observe",
    "open_ballot",
    "open_poll",
    "raise_hand",
    "raise_objection",
    "remind",
    "reschedule",
    "roll_hash",
    "send_heads",
    "send_receipts",
    "set_threshold",
    "stop_observing",
    "submit_decryption",
    "submit_step",
    "submit_test",
    "submit_trustee_key",
    "upload_credentials",
    "wipe_marks",
]
