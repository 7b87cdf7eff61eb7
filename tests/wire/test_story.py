"""The story that `make demo` tells, with few people: over HTTP, with real mail, texts, processes and the clock."""

import os
import re
import signal
import subprocess
import sys

PATIENCE = 900
"""Seconds after which a silent machine is given up; the story itself names what it waits for much sooner."""


def play(out, *, members, **environment):
    """Tell the story as a process of its own; return its status and its last words."""
    command = [
        sys.executable,
        "-m",
        "union.cli",
        "demo",
        "story",
        "--members",
        str(members),
        "--out",
        str(out),
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith("UNION_")}
    env |= {"UNION_ENV": "development", "UNION_HOME": str(out / "home"), **environment}
    process = subprocess.Popen(
        command,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)  # it stops its own web server and scheduler
        said, _ = process.communicate()
    return process.returncode, said


def last_words(said, out):
    """What a failure shows: the end of the timeline, and of what the processes wrote."""
    log = out / "processes.log"
    return "\n".join(said.splitlines()[-20:]) + "\n" + (log.read_text()[-3000:] if log.exists() else "")


def test_the_whole_story_is_told(tmp_path):
    out = tmp_path / "demo"
    status, said = play(out, members=12)
    assert status == 0, last_words(said, out)
    timeline = (out / "timeline.txt").read_text()
    for fact in ("12 joined", "the vote passed", "the action started for everybody", "checked in"):
        assert fact in timeline, last_words(said, out)
    assert re.search(r"\d+ encrypted ballots cast", timeline), timeline
    assert len(list(out.glob("*.bel"))) == 1
    assert (out / "debrief.html").stat().st_size > 0


def test_a_story_that_breaks_says_where(tmp_path):
    """The planted fault: nobody is there to carry a pledge round."""
    out = tmp_path / "demo"
    status, said = play(out, members=0)
    assert status != 0
    assert last_words(said, out).strip()
