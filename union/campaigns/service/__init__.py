"""What can be done with campaigns; every verb authorizes, locks, decides, writes and records."""

from union.campaigns.service.demands import (
    amend,
    decide_amendment,
    edit_demand,
    endorse,
    move_demand,
    propose,
    rank,
    withdraw_endorsement,
)
from union.campaigns.service.lifecycle import (
    Draft,
    add_update,
    bargain,
    close,
    create,
    edit,
    gather_again,
    publish,
    start_acting,
    win,
)
from union.campaigns.service.pledges import pledge, withdraw
from union.campaigns.service.priorities import PriorityVote, launch_priorities
from union.campaigns.service.settling import due, measure, refresh, settle
from union.campaigns.service.structure import answer_test, open_test
from union.campaigns.service.votes import expire_mandates, grant_mandates, launch_strike_vote

__all__ = [
    "Draft",
    "PriorityVote",
    "add_update",
    "amend",
    "answer_test",
    "bargain",
    "close",
    "create",
    "decide_amendment",
    "due",
    "edit",
    "edit_demand",
    "endorse",
    "expire_mandates",
    "gather_again",
    "grant_mandates",
    "launch_priorities",
    "launch_strike_vote",
    "measure",
    "move_demand",
    "open_test",
    "pledge",
    "propose",
    "publish",
    "rank",
    "refresh",
    "settle",
    "start_acting",
    "win",
    "withdraw",
    "withdraw_endorsement",
]
