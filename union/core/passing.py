"""Keys that do not outlive what they are for: each a file outside the database and its backups, then gone.

What such a key hides, no copy of the database tells once the file is removed, whoever has the data key
(docs/adr/0026). A key that is not here, or no longer, is None: what wants it says so and nothing opens.
"""

import os
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from union.core.keyring import KEY_BYTES

_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
GRACE = timedelta(hours=1)
"""How long a key of nothing known may lie: whoever made it may still be writing what it is for."""


class KeyFolder:
    """A folder of passing keys, its owner's alone; several machines share it, or each knows its own keys."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            msg = "a passing key has a plain name"
            raise ValueError(msg)
        return self.path / f"{name}.key"

    def make(self, name: str) -> bytes:
        """Return a new key, kept under `name` in the place of any other."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = secrets.token_bytes(KEY_BYTES)
        file = self._file(name)
        beside = file.with_suffix(".writing")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(key)
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(file)
        return key

    def find(self, name: str) -> bytes | None:
        """Return the key kept under `name`, None where it is gone or on another machine."""
        try:
            key = self._file(name).read_bytes()
        except FileNotFoundError:
            return None
        return key if len(key) == KEY_BYTES else None

    def remove(self, name: str) -> None:
        """Forget a key; one that is gone already stays so."""
        self._file(name).unlink(missing_ok=True)

    def remove_after(self, session: Session, name: str) -> None:
        """Forget a key once the transaction of `session` is committed, and not where it is rolled back."""
        waiting = [name]

        def ended(of: Session, *, kept: bool) -> None:
            if of.in_nested_transaction():
                return  # a savepoint decides nothing
            if kept and waiting:
                self.remove(name)
            waiting.clear()

        event.listen(session, "after_commit", partial(ended, kept=True))
        event.listen(session, "after_rollback", partial(ended, kept=False))

    def sweep(self, wanted: Collection[str], now: datetime) -> int:
        """Forget every key whose name is not wanted and that is older than GRACE; return how many."""
        if not self.path.is_dir():
            return 0
        before = (now - GRACE).timestamp()
        gone = 0
        for file in self.path.iterdir():
            if file.stem not in wanted and file.stat().st_mtime < before:
                file.unlink(missing_ok=True)
                gone += 1
        return gone


_installed: list[KeyFolder] = []


def install(folder: KeyFolder) -> None:
    """Make `folder` the one this process uses; called once by whoever starts it."""
    _installed[:] = [folder]


def keys() -> KeyFolder:
    """Return the installed folder."""
    if not _installed:
        msg = "no folder of passing keys installed"
        raise RuntimeError(msg)
    return _installed[0]
