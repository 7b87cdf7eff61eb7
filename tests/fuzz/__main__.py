"""Fuzz one target by coverage: `python -m tests.fuzz TARGET [SECONDS]`. Needs `pip install atheris`.

What makes a target fail is written to `tests/fuzz/corpus/TARGET`, with the smallest inputs that reached new code;
every later test run tries them again.
"""

import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["union.ballots"]):
    from tests.fuzz.targets import FOLDER, TARGETS, seeds, worlds

LONGEST = 16_384
KEPT = 30
SMALL = 4_096
STEADY = ("-keep_seed=1", "-len_control=0", "-timeout=60", "-rss_limit_mb=2048")


def main() -> int:
    name = sys.argv[1]
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3600
    kept = FOLDER / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="union-corpus-") as folder:
        grown = Path(folder)
        for n, seed in enumerate(seeds(name)):
            (grown / f"seed-{n}").write_bytes(seed)
        child = os.fork()
        if not child:
            try:
                fuzz(name, seconds, grown, kept)
            finally:
                os._exit(1)  # the folder is the parent's
        _, status = os.waitpid(child, 0)
        reached = sorted(
            (path.read_bytes() for path in grown.iterdir() if not path.name.startswith("seed-")), key=len
        )
    for content in reached[:KEPT]:
        if len(content) <= SMALL:
            keep(kept, content)
    worlds().close()
    return os.waitstatus_to_exitcode(status)


def keep(folder: Path, content: bytes) -> None:
    (folder / sha256(content).hexdigest()[:16]).write_bytes(content)


def fuzz(name: str, seconds: int, grown: Path, kept: Path) -> None:
    target = TARGETS[name]

    def one(content: bytes) -> None:
        try:
            target(content)
        except Exception:
            keep(kept, content)
            raise

    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", *STEADY]
    atheris.Setup([sys.argv[0], *options, str(grown), str(kept)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
