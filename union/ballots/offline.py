"""Voting codes made by an officer on a machine that is not the server: the files that go there and back.

Pure: values in, values out. The roll goes there; public parts come back, sorted, so that nothing in them
tells whose is whose. The private codes stay with the officer.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from union.ballots.crypto import Draw, group_named, make_credential, public_of, read_credentials
from union.ballots.crypto.canonical import compact
from union.ballots.crypto.credentials import check_uuid
from union.ballots.crypto.failures import Check, Refused

ROLL, PUBLIC = "union-roll", "union-public-credentials"
LARGEST = 200_000_000
"""Bytes of a file that are looked at: room for a hundred thousand of the longest public credentials."""


@dataclass(frozen=True)
class Roll:
    """Who may vote. members: (member id, chapter), sorted. booth: the address codes are appended to."""

    uuid: str
    group: str
    booth: str
    members: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Return the file an officer carries to the other machine."""
        facts = {"kind": ROLL, "version": 1, "uuid": self.uuid, "group": self.group, "booth": self.booth}
        return json.dumps({**facts, "members": [list(m) for m in self.members]}, indent=0) + "\n"


@dataclass(frozen=True)
class Public:
    """What comes back: the roll the codes were made for, and their public parts in the published order."""

    uuid: str
    group: str
    members: tuple[tuple[str, str], ...]
    points: tuple[str, ...]

    def text(self) -> str:
        """Return the file to upload."""
        facts = {"kind": PUBLIC, "version": 1, "uuid": self.uuid, "group": self.group}
        lists = {"members": [list(m) for m in self.members], "credentials": list(self.points)}
        return json.dumps({**facts, **lists}, indent=0) + "\n"


def make_codes(roll: Roll, draw: Draw) -> tuple[str, Public]:
    """Make a code for everybody on the roll: (CSV of member id, code, booth link; public parts)."""
    group = group_named(roll.group)
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["member id", "code", "link"])
    points = []
    for member_id, _chapter in roll.members:
        private = make_credential(draw)
        points.append(public_of(group, roll.uuid, private))
        rows.writerow([member_id, private, f"{roll.booth}#{private}"])
    points.sort(key=group.order_key)
    return table.getvalue(), Public(roll.uuid, roll.group, roll.members, tuple(map(str, points)))


def read_roll(text: str) -> Roll:
    """Read the file `Roll.text` wrote. Raises Refused by name."""
    facts = _facts(text, ROLL)
    booth = facts.get("booth")
    if not isinstance(booth, str):
        raise Refused(Check.CREDENTIALS_FORM, "the file names no booth")
    return Roll(_uuid(facts), group_named(facts.get("group")).name, booth, _members(facts))


def read_public(text: str) -> Public:
    """Read the file `Public.text` wrote and check every point of it. Raises Refused by name.

    A list in another order than the published one is refused: its order could tell whose is whose.
    """
    facts = _facts(text, PUBLIC)
    group = group_named(facts.get("group"))
    members = _members(facts)
    points = facts.get("credentials")
    if not isinstance(points, list) or not all(isinstance(point, str) for point in points):
        raise Refused(Check.CREDENTIALS_FORM, "the file lists no credentials")
    if any(weight != 1 for weight in read_credentials(group, compact(points)).values()):
        raise Refused(Check.CREDENTIALS_FORM, "every vote weighs the same")
    if points != [str(p) for p in sorted(map(group.point, points), key=group.order_key)]:
        raise Refused(Check.CREDENTIALS_FORM, "the credentials are not in their published order")
    if len(points) != len(members):
        raise Refused(Check.CREDENTIALS_FORM, f"{len(points)} credentials for {len(members)} members")
    return Public(_uuid(facts), group.name, members, tuple(points))


def _facts(text: str, kind: str) -> dict[str, Any]:
    try:
        facts = json.loads(text) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict) or (facts.get("kind"), facts.get("version")) != (kind, 1):
        raise Refused(Check.CREDENTIALS_FORM, f"this is no file of the kind {kind}")
    return facts


def _uuid(facts: dict[str, Any]) -> str:
    return check_uuid(facts.get("uuid"), Check.CREDENTIALS_FORM)


def _members(facts: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = facts.get("members")
    if not isinstance(rows, list) or not all(_is_entry(row) for row in rows):
        raise Refused(Check.CREDENTIALS_FORM, "the file lists no members")
    found = tuple((row[0], row[1]) for row in rows)
    if list(found) != sorted(found) or len({member for member, _ in found}) != len(found):
        raise Refused(Check.CREDENTIALS_FORM, "the roll is not sorted, or names somebody twice")
    return found


def _is_entry(row: object) -> bool:
    return isinstance(row, Sequence) and len(row) == 2 and all(isinstance(part, str) for part in row)  # noqa: PLR2004 - a pair
