"""The registry as other rooms and pages read it: frozen values, never rows."""

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

__all__ = [
    "ChapterCard",
    "Contact",
    "Device",
    "active_by_chapter",
    "actor_of",
    "chapter_of",
    "chapters",
    "contacts",
    "count_active",
    "device_of",
    "devices",
    "display_names",
    "eligible",
    "organizers",
    "with_role",
]
