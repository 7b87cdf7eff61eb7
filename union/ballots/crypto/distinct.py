"""Finding what stands twice among millions, in little memory.

Pure but for a secret key, drawn anew for each use so that nobody can prepare two entries that seem equal.
Sixteen bytes an entry and no object: eight of digest, eight of the place where it stood.
"""

import hashlib
import secrets
from array import array

_PARTS = 64


class Distinct:
    """Collects entries as 64-bit digests, split into parts that are looked at one by one."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._digests = [array("Q") for _ in range(_PARTS)]
        self._places = [array("Q") for _ in range(_PARTS)]

    def add(self, entry: bytes, place: int) -> None:
        """Note an entry and where it stands."""
        digest = int.from_bytes(hashlib.blake2b(entry, digest_size=8, key=self._key).digest(), "big")
        self._digests[digest % _PARTS].append(digest)
        self._places[digest % _PARTS].append(place)

    def repeated(self) -> int | None:
        """The first place found at which an entry stands again, None when all are distinct.

        Two different entries share a digest with a chance of 1 in 10^7 among a million.
        """
        for digests, places in zip(self._digests, self._places, strict=True):
            seen: set[int] = set()
            for digest, place in zip(digests, places, strict=True):
                if digest in seen:
                    return place
                seen.add(digest)
        return None
