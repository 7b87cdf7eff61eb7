"""The stand-alone verifier: `python -m union.ballots.crypto verify FILE [--json]`.

Needs no database and no web server. Exit code 0 only when every check holds, 1 when one does not, 2 when
nothing could be checked: a file that is not there, a command that is none.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence

from union.ballots.crypto.difference import Difference, verify_difference
from union.ballots.crypto.report import Report
from union.ballots.crypto.verifier import verify


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m union.ballots.crypto", description="Verify published ballots."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("verify", help="make every check on one archive")
    one.add_argument("file", help="the .bel archive")
    one.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    two = commands.add_parser("verify-diff", help="check that a later archive continues a saved one")
    two.add_argument("old", help="the archive saved earlier, or the 64 digits of a head published earlier")
    two.add_argument("new", help="the archive of today")
    for command in (one, two):
        command.add_argument("--json", action="store_true", help="print the report as JSON")
    chosen = parser.parse_args(arguments)
    outcome: Report | Difference
    try:
        outcome = (
            verify(chosen.file, max(1, chosen.jobs))
            if chosen.command == "verify"
            else verify_difference(chosen.old, chosen.new)
        )
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    text = (
        json.dumps(outcome.json(), indent=1, ensure_ascii=False)
        if chosen.json
        else "\n".join(outcome.lines())
    )
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that knows few letters
    sys.stdout.write(text + "\n")
    return 0 if outcome.holds else 1


if __name__ == "__main__":
    sys.exit(main())
