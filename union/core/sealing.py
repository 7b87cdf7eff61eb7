"""Secrets at rest: contact data sealed with AES-256-GCM, looked up by keyed hash.

The keys live outside the database, in a file of `union.core.keyring`; a stolen database alone tells no
address. Sealing binds the column name, so a value moved to another column does not open. What is sealed
begins with the name of its key, so that a new key can take over while the old one still opens.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from union.core.clock import stopwatch
from union.core.keyring import NAME_BYTES, Keyring, name_of, read_ring, stamp

_NONCE = 12
LOOK_EVERY = 5.0
"""Seconds after which a process that seals looks whether a new key was put into the file."""


class CannotOpen(Exception):
    """The sealed bytes were altered, or sealed with another key or for another purpose."""


class Vault:
    """Seals with the newest data key, opens with any; keys put into `source` later are taken up by itself."""

    def __init__(self, keys: bytes | Keyring, source: Path | None = None) -> None:
        ring = keys if isinstance(keys, Keyring) else Keyring((keys,))
        self._source, self._stamp, self._looked = source, stamp(source), stopwatch()
        self._inner, self._outer = _keyed(ring.lookup_key())
        self._begun: dict[str, hashlib._Hash] = {}
        self._take(ring)

    def _take(self, ring: Keyring) -> None:
        """Use the keys of `ring`; how addresses are looked up never changes."""
        self.ring = ring
        self._ciphers = {name_of(key): AESGCM(ring.sealing_key(key)) for key in ring.all}
        newest = name_of(ring.keys[0])
        self._newest = newest, self._ciphers[newest]

    def look_again(self) -> bool:
        """Read the file of keys again where it changed; return whether it did."""
        self._looked = stopwatch()
        now = stamp(self._source)
        if self._source is None or now is None or now == self._stamp:
            return False
        self._take(read_ring(self._source))
        self._stamp = now
        return True

    def _look_now_and_then(self) -> None:
        if stopwatch() - self._looked > LOOK_EVERY:
            self.look_again()

    def seal(self, text: str, purpose: str) -> bytes:
        """Return `text` encrypted for `purpose` (a column's name): key's name ‖ nonce ‖ ciphertext ‖ tag."""
        self._look_now_and_then()
        name, cipher = self._newest
        nonce = secrets.token_bytes(_NONCE)
        return name + nonce + cipher.encrypt(nonce, text.encode(), purpose.encode())

    def seal_all(self, texts: Sequence[str | None], purpose: str) -> list[bytes | None]:
        """Seal many texts for one purpose, each with a nonce of its own, as `seal` does one; None stays."""
        self._look_now_and_then()
        name, cipher = self._newest
        bound = purpose.encode()
        nonces = secrets.token_bytes(_NONCE * len(texts))
        encrypt = cipher.encrypt
        return [
            None
            if text is None
            else name + (nonce := nonces[n : n + _NONCE]) + encrypt(nonce, text.encode(), bound)
            for n, text in zip(range(0, len(nonces), _NONCE), texts, strict=True)
        ]

    def open(self, sealed: bytes, purpose: str) -> str:
        """Return the text sealed for `purpose`; raises CannotOpen."""
        text = self._opened(sealed, purpose)
        if text is None and self.look_again():
            text = self._opened(sealed, purpose)
        if text is None:
            raise CannotOpen(purpose)
        return text

    def _opened(self, sealed: bytes, purpose: str) -> str | None:
        """Open with the key that is named; what was sealed before keys had names is tried with each."""
        named = self._ciphers.get(sealed[:NAME_BYTES])
        body = sealed[NAME_BYTES:] if named else sealed
        for cipher in [named] if named else list(self._ciphers.values()):
            try:
                return cipher.decrypt(body[:_NONCE], body[_NONCE:], purpose.encode()).decode()
            except InvalidTag:
                continue
        return None

    def lookup(self, value: str, purpose: str) -> bytes:
        """Return the keyed hash (32 bytes) that finds an exact `value` again without opening anything."""
        return self.lookup_all((value,), purpose)[0]

    def lookup_all(self, values: Iterable[str], purpose: str) -> list[bytes]:
        """Return the keyed hash of each of many values; what they share is hashed once."""
        if (begun := self._begun.get(purpose)) is None:
            begun = self._inner.copy()
            begun.update(f"{purpose}\0".encode())
            self._begun[purpose] = begun
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
