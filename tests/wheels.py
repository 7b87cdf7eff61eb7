"""The wheel of this tree, built and installed without fetching anything."""

import subprocess
import sys


def ran(command, *, env=None, cwd=None, timeout=300):
    return subprocess.run(
        [str(word) for word in command], env=env, cwd=cwd, capture_output=True, text=True, check=False,
        timeout=timeout,
    )  # fmt: skip


def built(source, folder):
    """The wheel of a source tree, as a package's installer builds it."""
    code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = ran([sys.executable, "-c", code, folder], cwd=source)
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("*.whl")
    return wheel


def install(wheel, python):
    """Put a wheel, and nothing it asks for, into the environment of an interpreter."""
    command = f"-m uv pip install --offline --no-deps --python {python}".split()
    done = ran([sys.executable, *command, wheel])
    assert done.returncode == 0, done.stderr
