"""The browser's modules under Node's own test runner: known answers byte for byte, refusals by name."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.js.conftest import MISSING

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_module(file):
    node = shutil.which("node")
    if node is None:
        pytest.skip(MISSING)
    run = subprocess.run(
        [node, "--test", "--test-reporter=spec", file],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def test_there_is_something_to_run():
    assert len(FILES) >= 3
