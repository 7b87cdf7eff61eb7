"""The registry as other rooms and pages read it: frozen values, never rows."""

from union.members.queries.account import (
    Account,
    Applicant,
    Asked,
    account,
    applicant,
    asked_by_link,
    own_file,
)
from union.members.queries.devices import Device, device_of, devices
from union.members.queries.people import (
    ChapterCard,
    Contact,
    active_by_chapter,
    actor_of,
    chapter_of,
    chapters,
    contacts,
    count_active,
    display_names,
    eligible,
    organizers,
    with_role,
)
from union.members.queries.register import MemberCard, MemberPage, RegisterPage, member_page, register_page

__all__ = [
    "Account",
    "Applicant",
    "Asked",
    "ChapterCard",
    "Contact",
    "Device",
    "MemberCard",
    "MemberPage",
    "RegisterPage",
    "account",
    "active_by_chapter",
    "actor_of",
    "applicant",
    "asked_by_link",
    "chapter_of",
    "chapters",
    "contacts",
    "count_active",
    "device_of",
    "devices",
    "display_names",
    "eligible",
    "member_page",
    "organizers",
    "own_file",
    "register_page",
    "with_role",
]
