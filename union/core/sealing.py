"""Secrets at rest: contact data sealed with AES-256-GCM, looked up by keyed hash.

The key lives outside the database (a file or the environment's path to one); a stolen database alone
tells no address. Sealing binds the column name, so a value moved to another column does not open.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
KEY_BYTES = 32


class CannotOpen(Exception):
    """The sealed bytes were altered, or sealed with another key or for another purpose."""


class Vault:
    """Seals and opens text with one 32-byte data key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            msg = "a data key has 32 bytes"
            raise ValueError(msg)
        self._cipher = AESGCM(self._derive(key, b"union/sealing"))
        self._inner, self._outer = _keyed(self._derive(key, b"union/lookup"))

    @staticmethod
    def _derive(key: bytes, purpose: bytes) -> bytes:
        return HKDF(SHA256(), 32, None, purpose).derive(key)

    def seal(self, text: str, purpose: str) -> bytes:
        """Return `text` encrypted for `purpose` (a column's name): nonce ‖ ciphertext ‖ tag."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), purpose.encode())

    def seal_all(self, texts: Sequence[str], purpose: str) -> list[bytes]:
        """Seal many texts for one purpose, each with a nonce of its own, as `seal` does one."""
        bound = purpose.encode()
        nonces = secrets.token_bytes(_NONCE * len(texts))
        encrypt = self._cipher.encrypt
        return [
            (nonce := nonces[n : n + _NONCE]) + encrypt(nonce, text.encode(), bound)
            for n, text in zip(range(0, len(nonces), _NONCE), texts, strict=True)
        ]

    def open(self, sealed: bytes, purpose: str) -> str:
        """Return the text sealed for `purpose`; raises CannotOpen."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode()).decode()
        except InvalidTag as problem:
            raise CannotOpen(purpose) from problem

    def lookup(self, value: str, purpose: str) -> bytes:
        """Return the keyed hash (32 bytes) that finds an exact `value` again without opening anything."""
        return self.lookup_all((value,), purpose)[0]

    def lookup_all(self, values: Iterable[str], purpose: str) -> list[bytes]:
        """Return the keyed hash of each of many values; what they share is hashed once."""
        begun = self._inner.copy()
        begun.update(f"{purpose}\0".encode())
        found = []
        for value in values:
            inner, outer = begun.copy(), self._outer.copy()
            inner.update(value.encode())
            outer.update(inner.digest())
            found.append(outer.digest())
        return found


def _keyed(key: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    """Return both halves of HMAC-SHA-256 (RFC 2104) with the key taken in: a third of the work of each."""
    block = key.ljust(64, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    return inner, outer


_installed: list[Vault] = []


def install(vault: Vault) -> None:
    """Make `vault` the one that sealed columns use; called once by whoever starts the process."""
    _installed[:] = [vault]


def vault() -> Vault:
    """Return the installed vault."""
    if not _installed:
        msg = "no data key installed"
        raise RuntimeError(msg)
    return _installed[0]


def read_key(path: Path) -> bytes:
    """Read a 32-byte key written as 64 hex digits."""
    return bytes.fromhex(path.read_text().strip())


def make_key(path: Path) -> bytes:
    """Write a new key that only the owner can read, unless one is there; return it.

    Web and scheduler start side by side and may both come here: a key appears whole, and the first one stays.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32) + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return read_key(path)
