"""The verifier as an outsider installs it: the built wheel in an empty environment, beside gmpy2 and PyNaCl and nothing else."""

import shutil
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.wheels import built, install, ran

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
NEEDED = ("gmpy2", "pynacl", "cffi", "pycparser")


def wheel_of_this_tree(folder):
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "union", source / "union", ignore=shutil.ignore_patterns("__pycache__"))
    return built(source, folder)


def carried(name, site):
    """Copy an installed distribution: no test fetches anything from outside."""
    for file in distribution(name).files:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), site / file)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The interpreter of an environment with the wheel in it, and where that was installed."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env" / "bin" / "python"
    install(wheel_of_this_tree(folder), python)
    [site] = (folder / "env" / "lib").glob("python*/site-packages")
    for name in NEEDED:
        carried(name, site)
    return python, site


@pytest.mark.parametrize("name", ["ed25519-weighted", "ff2048-threshold", "ed25519-ranked"])
def test_the_installed_verifier_verifies(alone, tmp_path, name):
    python, _ = alone
    [archive] = (VECTORS / name).glob("*.bel")
    done = ran([python, "-m", "union.ballots.crypto", "verify", archive, "--jobs", "1"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Everything checked holds." in done.stdout
    changed = tmp_path / "changed.bel"
    changed.write_bytes(archive.read_bytes()[:-1])
    done = ran([python, "-m", "union.ballots.crypto", "verify", changed], cwd=tmp_path)
    assert done.returncode == 1
    assert "archive-form" in done.stdout
    assert (
        ran([python, "-m", "union.ballots.crypto", "verify-diff", archive, archive], cwd=tmp_path).returncode
        == 0
    )


@pytest.mark.parametrize("missing", ["flask", "sqlalchemy", "apscheduler"])
def test_a_verifier_that_needed_the_web_would_be_noticed(alone, tmp_path, missing):
    """A planted fault: the environment is as empty as it says."""
    python, site = alone
    module = site / "union" / "ballots" / "crypto" / "report.py"
    before = module.read_text()
    [archive] = (VECTORS / "ed25519-single").glob("*.bel")
    try:
        module.write_text(before + f"\nimport {missing}\n")
        done = ran([python, "-m", "union.ballots.crypto", "verify", archive], cwd=tmp_path)
    finally:
        module.write_text(before)
    assert done.returncode != 0
    assert f"No module named '{missing}'" in done.stderr
