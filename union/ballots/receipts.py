"""Signed receipts: a voter's proof, against us, that a ballot was taken at a given place on the board.

Pure. The key is derived from the server's secret, so every web process has the same one and none is stored.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

_PURPOSE = b"union/ballot-receipts"


@dataclass(frozen=True)
class Receipt:
    """What a voter gets for a ballot: tracker (43 characters), number and hash of its event, our signature.

    repeated: these very bytes were on the board before; nothing was added.
    """

    tracker: str
    height: int
    chain_head: str
    signature: str
    repeated: bool = False


class Signer:
    """Signs receipts with the key derived from `secret` (the server's secret key, 32 bytes or more)."""

    def __init__(self, secret: bytes) -> None:
        self._key = SigningKey(HKDF(SHA256(), 32, None, _PURPOSE).derive(secret))

    @property
    def public_key(self) -> str:
        """The key receipts are checked with: 64 hex digits, RFC 8032 order."""
        return self._key.verify_key.encode().hex()

    def receipt(
        self, fingerprint: str, tracker: str, height: int, head: str, *, repeated: bool = False
    ) -> Receipt:
        """Return the signed receipt of the ballot `tracker` at event `height` with hash `head`."""
        signature = self._key.sign(message(fingerprint, tracker, height, head)).signature.hex()
        return Receipt(tracker, height, head, signature, repeated)


def message(fingerprint: str, tracker: str, height: int, head: str) -> bytes:
    """Return the bytes a receipt's signature covers."""
    return f"union-receipt|{fingerprint}|{tracker}|{height}|{head}".encode()


def genuine(public_key: str, fingerprint: str, receipt: Receipt) -> bool:
    """Tell whether `receipt` was signed by `public_key` for the election `fingerprint`."""
    try:
        VerifyKey(bytes.fromhex(public_key)).verify(
            message(fingerprint, receipt.tracker, receipt.height, receipt.chain_head),
            bytes.fromhex(receipt.signature),
        )
    except (BadSignatureError, ValueError):
        return False
    return True


def fold(tracker: str) -> str:
    """Return a tracker as it is looked up: lower case, letters and digits only."""
    return "".join(c for c in tracker.casefold() if c.isascii() and c.isalnum())[:43]
