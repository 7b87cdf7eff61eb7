"""What a verification found, for people and as JSON.

Pure. A report holds only when every check does; what was not reached is said, never counted as holding.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from union.ballots.crypto.failures import Refused

_MEANS = {
    "archive": "The file is damaged, was changed after it was published, or is no ballot archive. Fetch it"
    " again from where it is published; if it fails again, keep both files and ask who publishes it.",
    "setup": "What was fixed before the vote (questions, roll, keys) is not as the system demands, or of"
    " a kind this program does not know. Nothing that follows from it is shown.",
    "ballots": "A published ballot was not cast by somebody on the roll, was changed, or stands there twice."
    " The count over these ballots cannot be relied on.",
    "tally": "The sum that was opened is not that of the published ballots: one was dropped, added, changed.",
    "shuffles": "The orders that were opened are not shown to be those that were cast.",
    "decryptions": "A trustee's part in opening the result is not shown to come from that trustee's key.",
    "result": "The published result is not what the trustees' parts open.",
}

_ONE_FILE = (
    "One file cannot show a ballot left out, two exchanged, or somebody added to the roll by whoever wrote"
    " the whole chain anew: compare it with a copy or a head kept earlier (verify-diff)."
)
_LISTS = (
    "Lists are checked as public programs check them; no archive of a release that asks them was at hand."
)


@dataclass
class Finding:
    """One named check.

    holds: True, False, or None when it was not reached or has nothing to check yet. failed: the name of what
    does not hold, with its detail; means: what that is to somebody who is no programmer.
    """

    name: str
    says: str
    holds: bool | None = None
    failed: str | None = None
    detail: str = ""
    means: str = ""

    def refuse(self, refused: Refused) -> None:
        """Note why the check does not hold."""
        self.holds = False
        self.failed = refused.check.value
        self.detail = refused.detail
        self.means = _MEANS[self.name]


@dataclass
class Report:
    """The outcome of one verification.

    stage: setup, voting, closed, shuffling, decrypting or tallied. head: (height, digest) of the last event.
    result: counts or rankings by question, once there is a result that holds.
    """

    holds: bool = False
    stage: str = ""
    uuid: str = ""
    name: str = ""
    group: str = ""
    fingerprint: str = ""
    trustees_hash: str = ""
    credentials_hash: str = ""
    credentials: int = 0
    ballots: int = 0
    voters: int = 0
    height: int = -1
    head: str = ""
    questions: list[dict[str, Any]] = field(default_factory=list)
    result: list[Any] | None = None
    checks: list[Finding] = field(default_factory=list)

    @property
    def failures(self) -> list[Finding]:
        """The checks that do not hold."""
        return [finding for finding in self.checks if finding.holds is False]

    def json(self) -> dict[str, Any]:
        """The report as plain values, keys as the fields here."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The report in plain words."""
        marks = {True: "holds", False: "FAILS", None: "  -  "}
        lines = [f"{_plain(self.name) or 'unread election'} · {self.uuid or '?'} · {self.group or '?'}"]
        for finding in self.checks:
            line = f"  {marks[finding.holds]}  {finding.name:<12} {finding.says}"
            if finding.failed:
                line += f"\n         {finding.failed}: {finding.detail}\n         {finding.means}"
            elif finding.detail:
                line += f" ({finding.detail})"
            lines.append(line)
        if self.result is not None:
            for question, counts in zip(self.questions, self.result, strict=True):
                lines.append(f"  {_plain(question['question'])}")
                lines.extend(_result_lines(question, counts))
        lines.append(f"  stage {self.stage or '?'}, event {self.height}, head {self.head or '?'}")
        lines.append(self._verdict())
        if self.holds:
            lines.extend(self._limits())
        return lines

    def _limits(self) -> list[str]:
        """What one file that holds cannot show."""
        limits = [_ONE_FILE]
        if any(question["lists"] for question in self.questions):
            limits.insert(0, _LISTS)
        return limits

    def _verdict(self) -> str:
        if not self.holds:
            return "This archive does NOT verify."
        if self.result is None:
            return "Everything published so far holds; there is no result yet."
        return "Everything checked holds."


def _plain(text: str) -> str:
    """The text on one line, with nothing that moves a terminal's cursor or the direction of writing.

    An archive could otherwise print a verdict of its own.
    """
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)


def _result_lines(question: dict[str, Any], counts: list[Any]) -> list[str]:
    if question["ranked"]:
        return [f"    {' '.join(map(str, ranking))}" for ranking in counts]
    if question["lists"]:
        lines: list[str] = []
        for (own, *names), (count, *row) in zip(question["answers"], counts, strict=True):
            lines += _counted([own], [count]) + _counted(names, row, further=2)
        return lines
    return _counted((["(blank)"] if question["blank"] else []) + question["answers"], counts)


def _counted(names: list[str], counts: list[int], further: int = 0) -> list[str]:
    return [
        f"    {count:>8}  {' ' * further}{_plain(name)}" for name, count in zip(names, counts, strict=True)
    ]
