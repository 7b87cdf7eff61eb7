"""Secrets at rest: contact data sealed with AES-256-GCM, looked up by keyed hash.

The key lives outside the database (a file or the environment's path to one); a stolen database alone
tells no address. Sealing binds the column name, so a value moved to another column does not open.
"""

import hashlib
import secrets
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

    def open(self, sealed: bytes, purpose: str) -> str:
        """Return the text sealed for `purpose`; raises CannotOpen."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode()).decode()
        except InvalidTag as problem:
            raise CannotOpen(purpose) from problem

    def lookup(self, value: str, purpose: str) -> bytes:
        """Return the keyed hash (32 bytes) that finds an exact `value` again without opening anything."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{purpose}\0{value}".encode())
        outer.update(inner.digest())
        return outer.digest()


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

    The key appears whole or not at all: web and scheduler start together, and both may come here.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        making.touch(mode=0o600)
        making.write_text(secrets.token_hex(32) + "\n")
        with suppress(FileExistsError):
            path.hardlink_to(making)
        making.unlink()
    return read_key(path)
