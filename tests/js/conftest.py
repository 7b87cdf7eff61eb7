"""Says loudly at the end of a run when the JavaScript could not be tested."""

import shutil

MISSING = "Node.js is not installed: every known-answer test of the browser's cryptography is LEFT OUT"


def pytest_terminal_summary(terminalreporter):
    if shutil.which("node") is None:
        terminalreporter.section("LEFT OUT", red=True, bold=True)
        terminalreporter.line(MISSING)
