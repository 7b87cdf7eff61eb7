"""What organizers and helpers do.

Every verb takes the session and `now`, says where it acts, never commits.
"""

from union.organizing.service.calling import (
    Said,
    give_back,
    next_call,
    record_outcome,
    undo_outcome,
)
from union.organizing.service.exporting import agree_export, ask_export, take_export
from union.organizing.service.forgetting import (
    fold_lists,
    fold_talks,
    forget_people,
    forget_prospects,
    forget_rest,
)
from union.organizing.service.helpers import add_helper, end_helper, look_up
from union.organizing.service.lists import ListDraft, close_list, forget_filter, keep_filter, make_list
from union.organizing.service.prospects import (
    Plan,
    decline_invitation,
    draft_text,
    drop_draft,
    erase_prospect,
    import_draft,
    import_list,
    invite,
    keep_draft,
    plan_list,
)
from union.organizing.service.roles import end_role, grant_role
from union.organizing.service.tags import make_tag, put_tag, retire_tag, take_tag
from union.organizing.service.talks import (
    allow_contact,
    change_talk,
    log_talk,
    refuse_contact,
    undo_talk,
)
from union.organizing.service.tasks import (
    add_task,
    change_task,
    finish_task,
    remind_due,
    reopen_task,
)
from union.organizing.service.texting import cancel_text, send_text

__all__ = [
    "ListDraft",
    "Plan",
    "Said",
    "add_helper",
    "add_task",
    "agree_export",
    "allow_contact",
    "ask_export",
    "cancel_text",
    "change_talk",
    "change_task",
    "close_list",
    "decline_invitation",
    "draft_text",
    "drop_draft",
    "end_helper",
    "end_role",
    "erase_prospect",
    "finish_task",
    "fold_lists",
    "fold_talks",
    "forget_filter",
    "forget_people",
    "forget_prospects",
    "forget_rest",
    "give_back",
    "grant_role",
    "import_draft",
    "import_list",
    "invite",
    "keep_draft",
    "keep_filter",
    "log_talk",
    "look_up",
    "make_list",
    "make_tag",
    "next_call",
    "plan_list",
    "put_tag",
    "record_outcome",
    "refuse_contact",
    "remind_due",
    "reopen_task",
    "retire_tag",
    "send_text",
    "take_export",
    "take_tag",
    "undo_outcome",
    "undo_talk",
]
