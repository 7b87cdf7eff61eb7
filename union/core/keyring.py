"""The file of data keys: which seals, which still open, and the key that addresses are looked up with.

One line a key, 64 hex digits; the first seals. `next` before a key: it opens already and seals after the next
rotation. `lookup` before a key: what addresses are hashed with; without that line it comes from the only key.
The lookup key outlives rotations: hashes of erased addresses (who wants no mail) cannot be made again.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NAME_BYTES = 8


class BadKeys(ValueError):
    """The file of keys is missing or holds something else; the message says which and what to do."""


def derive(key: bytes, purpose: bytes) -> bytes:
    """Return the key for one purpose: knowing it tells nothing about `key` (HKDF, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, None, purpose).derive(key)


def name_of(key: bytes) -> bytes:
    """Return the 8 bytes that name a key in front of what it sealed."""
    return derive(key, b"union/name")[:NAME_BYTES]


@dataclass(frozen=True, repr=False)
class Keyring:
    """keys: newest, which seals, first. coming: opens already. lookup: None while the only key gives it."""

    keys: tuple[bytes, ...]
    coming: bytes | None = None
    lookup: bytes | None = None

    def __post_init__(self) -> None:
        """Raise BadKeys where a key is short, or nothing says how to look up."""
        if not self.keys or any(len(key) != KEY_BYTES for key in self.all):
            raise BadKeys("a data key has 32 bytes, written as 64 hex digits")
        if len(self.keys) > 1 and self.lookup is None:
            raise BadKeys("several data keys need a line that begins with `lookup`")

    @property
    def all(self) -> tuple[bytes, ...]:
        """Every key that opens."""
        return (*self.keys, self.coming) if self.coming else self.keys

    @staticmethod
    def sealing_key(key: bytes) -> bytes:
        """Return what AES-256-GCM seals with."""
        return derive(key, b"union/sealing")

    def lookup_key(self) -> bytes:
        """Return what HMAC-SHA-256 looks up with."""
        return self.lookup or derive(self.keys[0], b"union/lookup")

    def with_next(self, key: bytes) -> "Keyring":
        """Return the ring in which `key` opens."""
        return replace(self, coming=key)

    def promoted(self) -> "Keyring":
        """Return the ring in which the coming key seals and those before it open."""
        assert self.coming is not None  # noqa: S101 - asked for after `with_next` only
        return Keyring((self.coming, *self.keys), None, self.lookup_key())

    def retired(self) -> "Keyring":
        """Return the ring with the newest key alone, and the same look-up."""
        return Keyring(self.keys[:1], self.coming, self.lookup_key())

    def written(self) -> str:
        """Return the lines of the file."""
        lines = [key.hex() for key in self.keys]
        lines += [f"next {self.coming.hex()}"] if self.coming else []
        lines += [f"lookup {self.lookup.hex()}"] if self.lookup else []
        return "\n".join(lines) + "\n"


def read_ring(path: Path) -> Keyring:
    """Read a file of keys; raises BadKeys."""
    try:
        lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
        keys = tuple(bytes.fromhex(line[0]) for line in lines if len(line) == 1)
        marked = {line[0]: bytes.fromhex(line[1]) for line in lines if len(line) == 2}  # noqa: PLR2004
    except FileNotFoundError as missing:
        raise BadKeys(
            f"no data key at {path}: put the kept copy back; a new key opens nothing that is sealed"
        ) from missing
    except (ValueError, UnicodeDecodeError) as wrong:
        raise BadKeys(f"{path} holds no keys in hex, one a line") from wrong
    if not set(marked) <= {"next", "lookup"} or any(len(line) > 2 for line in lines):  # noqa: PLR2004
        raise BadKeys(f"{path}: a line is a key, `next` and a key, or `lookup` and a key")
    return Keyring(keys, marked.get("next"), marked.get("lookup"))


def write_ring(path: Path, ring: Keyring) -> None:
    """Put `ring` in the file's place in one step, its owner's alone: a crash leaves the old or the new."""
    beside = path.with_name(f".{path.name}.writing")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(ring.written())
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        there = path.stat()
        if (there.st_uid, there.st_gid) != (beside.stat().st_uid, beside.stat().st_gid):
            os.chown(beside, there.st_uid, there.st_gid)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process at a time change the file; raises BadKeys at once where another does."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as busy:
        raise BadKeys(f"another command is changing {path}; wait until it ends") from busy
    finally:
        os.close(folder)


def stamp(path: Path | None) -> tuple[int, int] | None:
    """Return what changes when the file is replaced; None where there is none."""
    if path is None or not path.exists():
        return None
    found = path.stat()
    return found.st_mtime_ns, found.st_ino


def read_key(path: Path) -> bytes:
    """Read a 32-byte key written as 64 hex digits."""
    return bytes.fromhex(path.read_text().strip())


def make_key(path: Path) -> bytes:
    """Write a new key that only the owner can read, unless one is there; return it.

    Web and scheduler start side by side and may both come here: a key appears whole, and the first one stays.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32) + "\n")
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return read_key(path)
