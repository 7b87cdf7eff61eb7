"""What can be done with campaigns; every verb authorizes, locks, decides, writes and records."""

from union.campaigns.service.announcing import announce
from union.campaigns.service.asking import Visitor
from union.campaigns.service.confirming import Confirmed, confirm_by_code, confirm_by_link
from union.campaigns.service.demands import (
    amend,
    decide_amendment,
    edit_demand,
    endorse,
    move_demand,
    propose,
    rank,
    take_back_amendment,
    withdraw_endorsement,
)
from union.campaigns.service.following import follow, unfollow
from union.campaigns.service.handing import (
    PaperLine,
    enter_paper,
    hand_over,
    note_export,
    revise,
    undo_hand_over,
)
from union.campaigns.service.keeping import close_signing, forget, forget_pledges, with_old_pledges
from union.campaigns.service.lifecycle import (
    Draft,
    bargain,
    close,
    create,
    edit,
    gather_again,
    publish,
    start_acting,
    win,
)
from union.campaigns.service.measuring import measure, refresh
from union.campaigns.service.news import add_update, edit_update, restore_update, take_back_update
from union.campaigns.service.pledges import pledge, withdraw
from union.campaigns.service.priorities import How, launch_priorities
from union.campaigns.service.settling import due, settle, weigh
from union.campaigns.service.signing import (
    Signer,
    check_in,
    restore_signature,
    show_name,
    sign,
    sign_again,
    withdraw_signature,
)
from union.campaigns.service.structure import answer_test, open_test
from union.campaigns.service.votes import expire_mandates, extend_mandate, grant_mandates, launch_strike_vote

__all__ = [
    "Confirmed",
    "Draft",
    "How",
    "PaperLine",
    "Signer",
    "Visitor",
    "add_update",
    "amend",
    "announce",
    "answer_test",
    "bargain",
    "check_in",
    "close",
    "close_signing",
    "confirm_by_code",
    "confirm_by_link",
    "create",
    "decide_amendment",
    "due",
    "edit",
    "edit_demand",
    "edit_update",
    "endorse",
    "enter_paper",
    "expire_mandates",
    "extend_mandate",
    "follow",
    "forget",
    "forget_pledges",
    "gather_again",
    "grant_mandates",
    "hand_over",
    "launch_priorities",
    "launch_strike_vote",
    "measure",
    "move_demand",
    "note_export",
    "open_test",
    "pledge",
    "propose",
    "publish",
    "rank",
    "refresh",
    "restore_signature",
    "restore_update",
    "revise",
    "settle",
    "show_name",
    "sign",
    "sign_again",
    "start_acting",
    "take_back_amendment",
    "take_back_update",
    "undo_hand_over",
    "unfollow",
    "weigh",
    "win",
    "with_old_pledges",
    "withdraw",
    "withdraw_endorsement",
    "withdraw_signature",
]
