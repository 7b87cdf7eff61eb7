"""What can be done with an action.

Every verb runs in the caller's transaction; members are told in the same one.
"""

from union.actions.rules.going_on import VotePlan
from union.actions.rules.plan import Plan
from union.actions.service.arming import arm, confirm, disarm, send_test
from union.actions.service.calling import cancel, choose, postpone
from union.actions.service.chasing import chase
from union.actions.service.checkin import (
    add_paper,
    check_in,
    check_in_at_point,
    complete,
    show,
    take_replies,
    undo,
)
from union.actions.service.closing import debrief, end_now, forget_pledges, report_retaliation, wipe
from union.actions.service.firing import brief, decide, end, fire, lapse
from union.actions.service.going_on import launch_due, launch_vote, settle_votes
from union.actions.service.plan import authorize, draft, edit, give_notice, schedule
from union.actions.service.rezoning import rezone
from union.actions.service.votes import drop_vote, plan_vote

__all__ = [
    "Plan",
    "VotePlan",
    "add_paper",
    "arm",
    "authorize",
    "brief",
    "cancel",
    "chase",
    "check_in",
    "check_in_at_point",
    "choose",
    "complete",
    "confirm",
    "debrief",
    "decide",
    "disarm",
    "draft",
    "drop_vote",
    "edit",
    "end",
    "end_now",
    "fire",
    "forget_pledges",
    "give_notice",
    "lapse",
    "launch_due",
    "launch_vote",
    "plan_vote",
    "postpone",
    "report_retaliation",
    "rezone",
    "schedule",
    "send_test",
    "settle_votes",
    "show",
    "take_replies",
    "undo",
    "wipe",
]
