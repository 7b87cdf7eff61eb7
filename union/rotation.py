"""Roof: the data key changed while the union runs, each step harmless to repeat.

`add` puts a next key into the file, `rotate` lets it seal and seals all again, `retire` takes the old out.
Running processes take new keys up by themselves: at once where something does not open, else in five seconds.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes

from union.app import start
from union.audit import service as audit
from union.core import resealing, sealing
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Conflict
from union.core.i18n import msg
from union.core.keyring import KEY_BYTES, Keyring, alone, name_of, read_ring, write_ring
from union.core.settings import Settings
from union.migrate import load_models

BREATH = 0.02
"""Seconds between batches, in which others get the database."""


class Rotation:
    """The steps on one union's file of keys and its database."""

    def __init__(self, settings: Settings) -> None:
        load_models()
        start(settings)
        self.path = settings.data_key_file
        self.vault = sealing.vault()
        self.columns = list(resealing.sealed_columns())

    def status(self) -> list[str]:
        """Return one line for each key, and one for what none of them has sealed by name."""
        ring = self.vault.ring
        found: Counter[bytes] = Counter()
        needed = closed = 0
        with reading() as session:
            for column in self.columns:
                found += resealing.count(session, column, map(name_of, ring.all))
                rest = resealing.needing(session, column, self.vault)
                needed, closed = needed + rest[0], closed + rest[1]
        roles = dict.fromkeys(ring.keys[1:], "opens") | {ring.keys[0]: "seals"}
        lines = [f"{name_of(k).hex()}  {roles.get(k, 'next')}  {found[name_of(k)]} values" for k in ring.all]
        lines += [f"(without a name)  {found[b'']} values"] if found[b""] else []
        lines += [f"{needed} values are not sealed with the newest key"] if needed else []
        lines += [f"{closed} values open with no key of {self.path}: a kept key is missing"] if closed else []
        return lines

    def add(self) -> str:
        """Put a next key into the file and return its name; one that is there already stays."""
        with alone(self.path):
            ring = read_ring(self.path)
            if ring.coming is None:
                ring = ring.with_next(token_bytes(KEY_BYTES))
                self._write(ring)
                self._record("keys.add", ring.all[-1])
            return name_of(ring.all[-1]).hex()

    def rotate(self, size: int, say: Callable[[str], None]) -> int:
        """Let the next key seal and seal all again; return how many values no key opens."""
        with alone(self.path):
            ring = read_ring(self.path)
            if ring.coming is None and len(ring.keys) == 1:
                ring = ring.with_next(token_bytes(KEY_BYTES))
            if ring.coming is not None:
                ring = ring.promoted()
                self._write(ring)
                self._record("keys.rotate", ring.keys[0])
                say(f"{name_of(ring.keys[0]).hex()} seals from now on")
            self.vault.look_again()
            self._everything(size, say)
            time.sleep(sealing.LOOK_EVERY + 1)  # until every process of this machine seals with the newest
            left, closed = self._left()
            while left:
                self._everything(size, say)
                left, closed = self._left()
        return closed

    def _everything(self, size: int, say: Callable[[str], None]) -> None:
        for column in self.columns:
            done, last = 0, None
            while True:
                with transaction() as session:
                    batch = resealing.reseal(session, column=column, vault=self.vault, after=last, size=size)
                done, last = done + batch.done, batch.last
                if last is None:
                    break
                say(f"  {column.purpose}: {done} so far")
                time.sleep(BREATH)
            if done:
                say(f"{column.purpose}: {done} sealed again")

    def _left(self) -> tuple[int, int]:
        with reading() as session:
            each = [resealing.needing(session, column, self.vault) for column in self.columns]
        return sum(one for one, _ in each), sum(other for _, other in each)

    def retire(self, keep: Path | None) -> list[str]:
        """Take the old keys out and return their names; raises Conflict while a value needs one."""
        with alone(self.path):
            ring = read_ring(self.path)
            needed, _ = self._left()
            if needed:
                raise Conflict(
                    msg("Values that still need an old key: %(count)s. First run `union keys rotate`."),
                    count=needed,
                )
            old = ring.keys[1:]
            if keep and old:
                place = os.open(keep, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(place, "w") as file:
                    file.write("".join(f"{key.hex()}\n" for key in old))
            if old:
                self._write(ring.retired())
            for key in old:
                self._record("keys.retire", key)
        return [name_of(key).hex() for key in old]

    def _write(self, ring: Keyring) -> None:
        write_ring(self.path, ring)
        self.vault.look_again()

    @staticmethod
    def _record(act: str, key: bytes) -> None:
        with transaction() as session:
            audit.record(session, actor=SYSTEM, now=utcnow(), act=act, subject=f"key/{name_of(key).hex()}")
