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

from union.ballots.crypto import (
    Draw,
    Listed,
    credentials_record,
    group_named,
    make_credential,
    public_of,
    read_credentials,
)
from union.ballots.crypto.canonical import compact
from union.ballots.crypto.credentials import check_uuid
from union.ballots.crypto.failures import Check, Refused

ROLL, PUBLIC = "union-roll", "union-public-credentials"
LARGEST = 200_000_000
"""Bytes of a file that are looked at: room for a hundred thousand of the longest public credentials."""


@dataclass(frozen=True)
class Roll:
    """Who may vote. members: (member id, chapter), sorted. booth: the address codes are appended to.

    weights: what each member's vote weighs, in the same order; empty where all weigh the same.
    """

    uuid: str
    group: str
    booth: str
    members: tuple[tuple[str, str], ...]
    weights: tuple[int, ...] = ()

    def text(self) -> str:
        """Return the file an officer carries to the other machine."""
        facts = {"kind": ROLL, "version": 1, "uuid": self.uuid, "group": self.group, "booth": self.booth}
        lists = {"members": [list(m) for m in self.members], **_weighed(self.weights)}
        return json.dumps({**facts, **lists}, indent=0) + "\n"


@dataclass(frozen=True)
class Public:
    """What comes back: the roll the codes were made for, and their public parts in the published order.

    points: as they are published, with their weights where votes weigh differently.
    """

    uuid: str
    group: str
    members: tuple[tuple[str, str], ...]
    points: tuple[str, ...]
    weights: tuple[int, ...] = ()

    @property
    def listed(self) -> list[tuple[str, int]]:
        """Public parts with what each vote weighs."""
        parts = [point.partition(",") for point in self.points]
        return [(public, int(weight or 1)) for public, _, weight in parts]

    def text(self) -> str:
        """Return the file to upload."""
        facts = {"kind": PUBLIC, "version": 1, "uuid": self.uuid, "group": self.group}
        lists = {
            "members": [list(m) for m in self.members],
            **_weighed(self.weights),
            "credentials": list(self.points),
        }
        return json.dumps({**facts, **lists}, indent=0) + "\n"


def _weighed(weights: tuple[int, ...]) -> dict[str, list[int]]:
    return {"weights": list(weights)} if weights else {}


def make_codes(roll: Roll, draw: Draw) -> tuple[str, Public]:
    """Make a code for everybody on the roll: (CSV of member id, code, booth link; public parts)."""
    group = group_named(roll.group)
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["member id", "code", "link"])
    listed = []
    weights = roll.weights or (1,) * len(roll.members)
    for (member_id, _chapter), weight in zip(roll.members, weights, strict=True):
        private = make_credential(draw)
        listed.append(Listed(public_of(group, roll.uuid, private), weight))
        rows.writerow([member_id, private, f"{roll.booth}#{private}"])
    published = json.loads(credentials_record(group, listed, weighted=bool(roll.weights)))
    return table.getvalue(), Public(roll.uuid, roll.group, roll.members, tuple(published), roll.weights)


def replace_code(codes: str, public: Public, member_id: str, draw: Draw) -> tuple[str, Public]:
    """Strike one member's code and make a new one: the CSV and the public parts, each with that one changed.

    codes: the CSV that `make_codes` wrote. Raises Refused when the member or the struck code is not there.
    """
    rows = list(csv.reader(io.StringIO(codes)))
    place = next((n for n, row in enumerate(rows) if n and row and row[0] == member_id), None)
    if place is None or len(rows[place]) != 3:  # noqa: PLR2004 - member, code, link
        raise Refused(Check.CREDENTIALS_FORM, "the file of codes does not list this member")
    group = group_named(public.group)
    _, old, link = rows[place]
    struck = str(public_of(group, public.uuid, old))
    weights = dict(public.listed)
    if struck not in weights:
        raise Refused(Check.CREDENTIALS_FORM, "the public parts do not hold this member's code")
    private = make_credential(draw)
    made = str(public_of(group, public.uuid, private))
    left = {made if point == struck else point: weight for point, weight in weights.items()}
    listed = [Listed(group.point(point), weight) for point, weight in left.items()]
    rows[place] = [member_id, private, f"{link.partition('#')[0]}#{private}"]
    table = io.StringIO()
    csv.writer(table).writerows(rows)
    points = json.loads(credentials_record(group, listed, weighted=bool(public.weights)))
    return table.getvalue(), Public(public.uuid, public.group, public.members, tuple(points), public.weights)


def read_roll(text: str) -> Roll:
    """Read the file `Roll.text` wrote. Raises Refused by name."""
    facts = _facts(text, ROLL)
    booth = facts.get("booth")
    if not isinstance(booth, str):
        raise Refused(Check.CREDENTIALS_FORM, "the file names no booth")
    members = _members(facts)
    name = group_named(facts.get("group")).name
    return Roll(_uuid(facts), name, booth, members, _weights(facts, len(members)))


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
    weights = _weights(facts, len(members))
    found = read_credentials(group, compact(points))
    if sorted(found.values()) != sorted(weights or (1,) * len(found)):
        differ = "the credentials do not weigh what the members' votes do"
        raise Refused(Check.CREDENTIALS_FORM, differ if weights else "every vote weighs the same")
    listed = [Listed(group.point(public), weight) for public, weight in found.items()]
    if compact(points) != credentials_record(group, listed, weighted=bool(weights)):
        raise Refused(Check.CREDENTIALS_FORM, "the credentials are not in their published order")
    if len(points) != len(members):
        raise Refused(Check.CREDENTIALS_FORM, f"{len(points)} credentials for {len(members)} members")
    return Public(_uuid(facts), group.name, members, tuple(points), weights)


def _facts(text: str, kind: str) -> dict[str, Any]:
    try:
        facts = json.loads(text, object_pairs_hook=_distinct) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict) or (facts.get("kind"), facts.get("version")) != (kind, 1):
        raise Refused(Check.CREDENTIALS_FORM, f"this is no file of the kind {kind}")
    return facts


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice in an object: another program may read the other one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


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


def _weights(facts: dict[str, Any], many: int) -> tuple[int, ...]:
    """Return what each member's vote weighs; nothing where the file says nothing of it."""
    found = facts.get("weights", [])
    whole = isinstance(found, list) and all(isinstance(w, int) and w > 0 for w in found)
    if not whole or len(found) not in {0, many}:
        raise Refused(Check.CREDENTIALS_FORM, "the weights are not one whole number a member")
    return tuple(found)


def _is_entry(row: object) -> bool:
    return isinstance(row, Sequence) and len(row) == 2 and all(isinstance(part, str) for part in row)  # noqa: PLR2004 - a pair
