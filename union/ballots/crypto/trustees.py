"""Trustees: who can open the tally, alone (Single) or t of n (Pedersen).

Pure. Spec 4.5 and 4.7. The election's public key is the product of the sub-keys of all items; a partial
decryption names its trustee by its place in the flattened list, from 1 (FORMAT.md, section 6).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from union.ballots.crypto.canonical import compact, fields, items, read_json
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Scalar
from union.ballots.crypto.pedersen import Pedersen
from union.ballots.crypto.proofs import Proof, check_knowledge, key_prefix, prove_knowledge, read_proof

_FORM = Check.TRUSTEES_FORM


class PublicKey(NamedTuple):
    """A trustee's public key X = g^x with the proof that its maker knows x."""

    public_key: Point
    pok: Proof

    def json(self) -> dict[str, Any]:
        """As written in records."""
        return {"pok": self.pok.json(), "public_key": str(self.public_key)}

    def record(self) -> bytes:
        """What a trustee sends in."""
        return compact(self.json())


class KeyPair(NamedTuple):
    """What a trustee keeps (private_key) and sends in (public)."""

    private_key: Scalar
    public: PublicKey


def make_key(group: Group, draw: Draw) -> KeyPair:
    """Make a trustee's key pair (spec 4.5)."""
    return key_of(group, group.draw_scalar(draw), draw)


def key_of(group: Group, private_key: Scalar, draw: Draw) -> KeyPair:
    """The key pair of a known private key, with a fresh proof."""
    X = group.gpow(private_key)
    return KeyPair(private_key, PublicKey(X, prove_knowledge(group, private_key, key_prefix(group, X), draw)))


def read_public_key(group: Group, value: object) -> PublicKey:
    """Parse a public key and check its proof.

    value: the parsed JSON. Raises Refused(TRUSTEES_FORM, POINT_FORM, POINT_SUBGROUP, SCALAR_FORM
    or TRUSTEE_KEY_PROOF).
    """
    parts = fields(value, ("pok", "public_key"), _FORM, optional=("name",))
    X = group.point(parts["public_key"])
    if group.one == X:
        raise Refused(Check.TRUSTEE_KEY_PROOF, "the identity is nobody's key")
    pok = read_proof(group, parts["pok"], _FORM)
    check_knowledge(group, group.shared(X, uses=1), key_prefix(group, X), pok, Check.TRUSTEE_KEY_PROOF)
    return PublicKey(X, pok)


@dataclass(frozen=True)
class Single:
    """One trustee whose part is needed (spec 3.1.1)."""

    key: PublicKey

    def json(self) -> list[Any]:
        """As written in the trustees record."""
        return ["Single", self.key.json()]

    @property
    def sub_key(self) -> Point:
        """What the item contributes to the election's public key."""
        return self.key.public_key

    @property
    def verification_keys(self) -> tuple[Point, ...]:
        """The public key of each trustee of the item."""
        return (self.key.public_key,)


Kind = Single | Pedersen


@dataclass(frozen=True)
class Trustees:
    """All items of an election."""

    group: Group
    kinds: tuple[Kind, ...]

    @classmethod
    def singles(cls, group: Group, keys: Sequence[PublicKey]) -> "Trustees":
        """Every trustee's part is needed."""
        return cls(group, tuple(Single(key) for key in keys))

    def record(self) -> bytes:
        """The record to publish (spec 4.7)."""
        return compact([kind.json() for kind in self.kinds])

    @property
    def public_key(self) -> Point:
        """The election's public key: the product of the sub-keys."""
        return self.group.product(kind.sub_key for kind in self.kinds)

    @property
    def verification_keys(self) -> tuple[Point, ...]:
        """Public keys by owner number minus one."""
        return tuple(key for kind in self.kinds for key in kind.verification_keys)

    def combine(self, factors: Mapping[int, Point]) -> Point:
        """Synthetic factor F of one ciphertext from {owner: decryption factor} (spec 4.19).

        Raises Refused(DECRYPTION_ENOUGH) when too few parts are there.
        """
        F = self.group.one
        for first, kind, inside in self._by_kind(factors):
            if isinstance(kind, Single):
                if not inside:
                    raise Refused(Check.DECRYPTION_ENOUGH, f"the part of trustee {first} is missing")
                part = inside[1]
            else:
                part = kind.combine(self.group, inside)
            F = self.group.mul(F, part)
        return F

    def check_agreement(self, factors: Mapping[int, Point]) -> None:
        """Check that surplus parts of threshold blocks agree with the others. factors: as for `combine`.

        Raises Refused(DECRYPTION_PROOF).
        """
        for _, kind, inside in self._by_kind(factors):
            if isinstance(kind, Pedersen):
                kind.check_agreement(self.group, inside)

    def _by_kind(self, factors: Mapping[int, Point]) -> Iterator[tuple[int, Kind, dict[int, Point]]]:
        """Each item with its first owner number and its factors by number inside it, from 1."""
        first = 1
        for kind in self.kinds:
            size = len(kind.verification_keys)
            yield first, kind, {o - first + 1: f for o, f in factors.items() if first <= o < first + size}
            first += size


def read_trustees(group: Group, record: bytes) -> Trustees:
    """Parse a trustees record and check every key, certificate and signature in it.

    Raises Refused with TRUSTEES_FORM or the name of what does not hold.
    """
    kinds: list[Kind] = []
    for item in items(read_json(record, _FORM), _FORM):
        kind, value = items(item, _FORM, 2)
        if kind == "Single":
            kinds.append(Single(read_public_key(group, value)))
        elif kind == "Pedersen":
            kinds.append(Pedersen.read(group, value))
        else:
            raise Refused(_FORM, f"a trustee of kind {str(kind)[:40]!r} cannot be checked here")
    if not kinds:
        raise Refused(_FORM, "an election has trustees")
    trustees = Trustees(group, tuple(kinds))
    keys = trustees.verification_keys
    if len(set(keys)) != len(keys):
        raise Refused(_FORM, "two trustees have the same key")
    return trustees
