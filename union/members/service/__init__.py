"""What the registry does: every verb takes the session and `now`, authorizes first, and never commits.

Verbs of visitors (joining, signing in) take no actor: anybody may ask, and limits count who asks how often.
"""

from union.members.service.account import erase, leave, set_platforms, update_details
from union.members.service.channels import (
    channel_by_code,
    channel_by_link,
    opt_in_sms,
    opt_out_sms,
    remove_channel,
    request_channel,
)
from union.members.service.erasing import erase_left
from union.members.service.joining import Joined, apply, checked, join_by_code, join_by_link
from union.members.service.membership import (
    add_chapter,
    admit,
    decline,
    grant_role,
    look_up_vouch_code,
    make_applicant_code,
    reinstate,
    reveal_contact,
    revoke_role,
    suspend,
    vouch,
)
from union.members.service.places import end_local_role, grant_local_role
from union.members.service.registering import (
    Plan,
    create_member,
    draft_text,
    drop_draft,
    export_register,
    import_draft,
    import_register,
    keep_draft,
    plan_import,
)
from union.members.service.sessions import (
    end_session,
    revoke_all_sessions,
    revoke_session,
    start_session,
)
from union.members.service.signing_in import (
    SignedIn,
    issue_link,
    request_sign_in,
    sign_in_by_code,
    sign_in_by_link,
)

__all__ = [
    "Joined",
    "Plan",
    "SignedIn",
    "add_chapter",
    "admit",
    "apply",
    "channel_by_code",
    "channel_by_link",
    "checked",
    "create_member",
    "decline",
    "draft_text",
    "drop_draft",
    "end_local_role",
    "end_session",
    "erase",
    "erase_left",
    "export_register",
    "grant_local_role",
    "grant_role",
    "import_draft",
    "import_register",
    "issue_link",
    "join_by_code",
    "join_by_link",
    "keep_draft",
    "leave",
    "look_up_vouch_code",
    "make_applicant_code",
    "opt_in_sms",
    "opt_out_sms",
    "plan_import",
    "reinstate",
    "remove_channel",
    "request_channel",
    "request_sign_in",
    "reveal_contact",
    "revoke_all_sessions",
    "revoke_role",
    "revoke_session",
    "set_platforms",
    "sign_in_by_code",
    "sign_in_by_link",
    "start_session",
    "suspend",
    "update_details",
    "vouch",
]
