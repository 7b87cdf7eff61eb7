"""The source of the running program as an archive.

What the licence (AGPL-3.0, section 13) promises everybody.
"""

import gzip
import io
import tarfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NAMES = (
    "union", "migrations", "tests", "docs", "requirements", ".ci", "pyproject.toml", "Makefile", "wsgi.py",
    "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
)  # fmt: skip
LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache", "node_modules"}


def files() -> list[Path]:
    """Return the files of the program beside this one, in order; never state, keys or caches."""
    found: list[Path] = []
    for name in NAMES:
        place = ROOT / name
        inside = sorted(place.rglob("*")) if place.is_dir() else [place]
        found += [
            path for path in inside
            if path.is_file() and not path.is_symlink() and not LEFT_OUT & set(path.relative_to(ROOT).parts)
        ]  # fmt: skip
    return found


@cache
def archive() -> bytes:
    """Return a .tar.gz of the program; made once per process, the same bytes for the same files."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in files():
            entry = tarfile.TarInfo(f"union-source/{path.relative_to(ROOT).as_posix()}")
            content = path.read_bytes()
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
