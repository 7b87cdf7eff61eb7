"""What can be done with a ballot, one verb each: decide by the rules, write, record, tell."""

from union.ballots.extension import Clause
from union.ballots.papers import Asked, Method, Part, approval, choice, decision, grading, ranking
from union.ballots.receipts import Receipt, Signer
from union.ballots.service.afterwards import (
    answer_objection,
    contest_open,
    note_report,
    raise_objection,
    remind,
    send_receipts,
    wipe_marks,
)
from union.ballots.service.again import hold_again
from union.ballots.service.calling import Call, call
from union.ballots.service.casting import Vote, cast, cast_all
from union.ballots.service.ceremony import Halted, StepTaken, complain, submit_step
from union.ballots.service.closing import close_ballot
from union.ballots.service.concluding import conclude
from union.ballots.service.counting import ShareTaken, submit_decryption
from union.ballots.service.credentials import Issued, issue_credentials, roll_hash
from union.ballots.service.drafting import (
    GROUPS,
    SUITING,
    confirm_rule,
    draft,
    drop_trustee,
    hold_among,
    reschedule,
    set_threshold,
)
from union.ballots.service.examining import Booth, Examined, booth, examine
from union.ballots.service.extending import reached, set_extension
from union.ballots.service.giving_up import ask_to_give_up, give_up, keep_counting
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
from union.ballots.service.polls import LENGTHS as POLL_LENGTHS
from union.ballots.service.polls import close_poll, close_polls, forget_hands, open_poll, raise_hand
from union.ballots.service.refusals import Refusal
from union.ballots.service.reissuing import Reissued, reissue
from union.ballots.service.replacing import replace_trustee
from union.ballots.service.shuffling import (
    Checked,
    ShuffleTaken,
    Work,
    examine_shuffle,
    leave_out,
    let_in,
    remind_shuffler,
    shuffle_work,
    submit_shuffle,
)
from union.ballots.service.summons import call_trustees
from union.ballots.service.tagging import sweep_keys
from union.ballots.service.trustees import (
    KeyTaken,
    TestTaken,
    ask_for_keys,
    submit_test,
    submit_trustee_key,
)
from union.ballots.service.weighing import DryRun, take_weights, try_weights, weigh_by_chapter, weigh_equally
from union.ballots.weights import By, Weighting

__all__ = [
    "GROUPS",
    "POLL_LENGTHS",
    "SUITING",
    "Asked",
    "Booth",
    "By",
    "Call",
    "Checked",
    "Clause",
    "DryRun",
    "Examined",
    "Halted",
    "Issued",
    "KeyTaken",
    "Method",
    "Part",
    "Receipt",
    "Refusal",
    "Reissued",
    "ShareTaken",
    "ShuffleTaken",
    "Signer",
    "StepTaken",
    "TestTaken",
    "Vote",
    "Weighting",
    "Work",
    "answer_objection",
    "approval",
    "ask_for_keys",
    "ask_to_give_up",
    "ask_to_observe",
    "begin_again",
    "booth",
    "call",
    "call_trustees",
    "cancel",
    "cast",
    "cast_all",
    "choice",
    "close_ballot",
    "close_poll",
    "close_polls",
    "complain",
    "conclude",
    "confirm_observer",
    "confirm_rule",
    "contest_open",
    "decision",
    "draft",
    "drop_trustee",
    "examine",
    "examine_shuffle",
    "export_roll",
    "forget_hands",
    "give_up",
    "grading",
    "hold_again",
    "hold_among",
    "issue_credentials",
    "keep_counting",
    "leave_out",
    "let_in",
    "note_report",
    "observe",
    "open_ballot",
    "open_poll",
    "raise_hand",
    "raise_objection",
    "ranking",
    "reached",
    "reissue",
    "remind",
    "remind_shuffler",
    "replace_trustee",
    "reschedule",
    "roll_hash",
    "send_heads",
    "send_receipts",
    "set_extension",
    "set_threshold",
    "shuffle_work",
    "stop_observing",
    "submit_decryption",
    "submit_shuffle",
    "submit_step",
    "submit_test",
    "submit_trustee_key",
    "sweep_keys",
    "take_weights",
    "try_weights",
    "upload_credentials",
    "weigh_by_chapter",
    "weigh_equally",
    "wipe_marks",
]
