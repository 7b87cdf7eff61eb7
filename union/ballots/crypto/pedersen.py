"""Threshold trustees as published: t of n can open the tally.

Pure. Spec 4.6 and 4.7 in the form of release 3.3 (FORMAT.md, section 6); the plain form of release 2.0 is
read and checked too. The key ceremony is in `ceremony`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from union.ballots.crypto.canonical import compact, fields, integer, items, read_json, text
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Group, Point, Scalar
from union.ballots.crypto.proofs import Proof, check_knowledge, key_prefix, read_proof

_FORM = Check.TRUSTEES_FORM
MOST_TRUSTEES = 200


class Signed(NamedTuple):
    """A message under a trustee's signature (spec 4.6.1)."""

    message: str
    signature: Proof

    def json(self) -> dict[str, Any]:
        """As written in records."""
        return {"message": self.message, "signature": self.signature.json()}


def read_signed(group: Group, value: object) -> Signed:
    """Parse a signed message. Raises Refused(TRUSTEES_FORM)."""
    parts = fields(value, ("message", "signature"), _FORM)
    return Signed(text(parts["message"], _FORM), read_proof(group, parts["signature"], _FORM))


def check_signature(group: Group, vk: Point, message: str, signature: Proof, check: Check) -> None:
    """Check a signature under a verification key (spec 4.6.1). Raises Refused(check)."""
    check_knowledge(group, group.shared(vk, uses=1), f"sigmsg|{message}|", signature, check)


class Certificate(NamedTuple):
    """A trustee's own keys, signed with the first of them (spec 4.6.2).

    context: (size, threshold, index), None in the form of release 2.0.
    """

    verification: Point
    encryption: Point
    context: tuple[int, int, int] | None
    signed: Signed


def read_certificate(group: Group, value: object) -> Certificate:
    """Parse and check a certificate. Raises Refused(TRUSTEES_FORM, TRUSTEE_CERTIFICATE or POINT_...)."""
    signed = read_signed(group, value)
    parts = fields(
        read_json(signed.message.encode(), _FORM),
        ("verification", "encryption"),
        _FORM,
        optional=("context",),
    )
    context = None
    if "context" in parts:
        inner = fields(parts["context"], ("group", "size", "threshold", "index"), _FORM)
        if inner["group"] != group.name:
            raise Refused(Check.TRUSTEE_CERTIFICATE, "a certificate was made for another group")
        size, threshold, index = (integer(inner[name], _FORM) for name in ("size", "threshold", "index"))
        context = (size, threshold, index)
    vk, ek = group.point(parts["verification"]), group.point(parts["encryption"])
    if group.one in (vk, ek):
        raise Refused(Check.TRUSTEE_CERTIFICATE, "the identity is nobody's key")
    check_signature(group, vk, signed.message, signed.signature, Check.TRUSTEE_CERTIFICATE)
    return Certificate(vk, ek, context, signed)


def read_coefexps(
    group: Group, cert: Certificate, value: object, threshold: int
) -> tuple[Signed, tuple[Point, ...]]:
    """Parse and check one trustee's public coefficients A_0 .. A_(t-1).

    Raises Refused(TRUSTEES_FORM, TRUSTEE_COEFFICIENTS, POINT_FORM or POINT_SUBGROUP).
    """
    signed = read_signed(group, value)
    check_signature(group, cert.verification, signed.message, signed.signature, Check.TRUSTEE_COEFFICIENTS)
    parts = fields(read_json(signed.message.encode(), _FORM), ("coefexps",), _FORM)
    return signed, tuple(group.point(point) for point in items(parts["coefexps"], _FORM, threshold))


def transcript(certs: Sequence[Certificate], coefficients: Sequence[Point]) -> str:
    """What trustee i signs before the block is published: all certificates, its own A_0 .. A_(t-1)."""
    seen = {"certs": [cert.signed.json() for cert in certs], "coefexps": [str(A) for A in coefficients]}
    return "certs_sig|" + compact(seen).decode()


def evaluate(group: Group, coefficients: Sequence[Point], j: int) -> Point:
    """The polynomial in the exponent at j: product of A_k^(j^k) (spec 4.6.5)."""
    result = group.one
    for A in reversed(coefficients):
        result = group.mul(group.pow(result, Scalar(j)), A)
    return result


class VerificationKey(NamedTuple):
    """One trustee's key of the block. signature: None in the forms of releases 2.0 and 2.5."""

    public_key: Point
    pok: Proof
    signature: Proof | None

    def json(self) -> dict[str, Any]:
        """As written in records."""
        record: dict[str, Any] = {"pok": self.pok.json(), "public_key": str(self.public_key)}
        if self.signature is not None:
            record["signature"] = self.signature.json()
        return record


def read_verification_key(group: Group, cert: Certificate, expected: Point, value: object) -> VerificationKey:
    """Parse and check one verification key against the polynomials' value `expected`.

    Raises Refused with TRUSTEES_FORM, TRUSTEE_KEY_PROOF, TRUSTEE_SHARE or TRUSTEE_SIGNATURE.
    """
    parts = fields(value, ("pok", "public_key"), _FORM, optional=("signature", "name"))
    X = group.point(parts["public_key"])
    if group.one == X:
        raise Refused(Check.TRUSTEE_KEY_PROOF, "the identity is nobody's key")
    pok = read_proof(group, parts["pok"], _FORM)
    check_knowledge(group, group.shared(X, uses=1), key_prefix(group, X), pok, Check.TRUSTEE_KEY_PROOF)
    if expected != X:
        raise Refused(Check.TRUSTEE_SHARE, "a verification key does not follow from the polynomials")
    signature = None
    if "signature" in parts:
        if cert.context is None:
            raise Refused(_FORM, "verification keys are signed only when certificates have a context")
        signature = read_proof(group, parts["signature"], _FORM)
        check_signature(group, cert.verification, str(X), signature, Check.TRUSTEE_SIGNATURE)
    return VerificationKey(X, pok, signature)


@dataclass(frozen=True)
class Pedersen:
    """A block of n trustees of whom `threshold` are needed."""

    threshold: int
    certs: tuple[Certificate, ...]
    coefexps: tuple[Signed, ...]
    coefficients: tuple[tuple[Point, ...], ...]
    signatures: tuple[Proof, ...] | None
    keys: tuple[VerificationKey, ...]
    sub_key: Point

    @property
    def verification_keys(self) -> tuple[Point, ...]:
        """The public key of each trustee of the block."""
        return tuple(key.public_key for key in self.keys)

    def json(self) -> list[Any]:
        """As written in the trustees record."""
        record: dict[str, Any] = {
            "threshold": self.threshold,
            "certs": [cert.signed.json() for cert in self.certs],
            "coefexps": [signed.json() for signed in self.coefexps],
        }
        if self.signatures is not None:
            record["signatures"] = [signature.json() for signature in self.signatures]
        record["verification_keys"] = [key.json() for key in self.keys]
        return ["Pedersen", record]

    @classmethod
    def read(cls, group: Group, value: object) -> "Pedersen":
        """Parse a block and check every certificate, polynomial, key and signature.

        Raises Refused with the name of what does not hold.
        """
        names = ("threshold", "certs", "coefexps", "verification_keys")
        parts = fields(value, names, _FORM, optional=("signatures",))
        threshold = integer(parts["threshold"], _FORM)
        certs = tuple(read_certificate(group, cert) for cert in items(parts["certs"], _FORM))
        n = len(certs)
        if not 1 <= threshold <= n <= MOST_TRUSTEES:
            raise Refused(_FORM, "a threshold lies between 1 and the number of trustees")
        check_certificates(certs, threshold)
        coefexps, coefficients = zip(
            *(
                read_coefexps(group, cert, coefs, threshold)
                for cert, coefs in zip(certs, items(parts["coefexps"], _FORM, n), strict=True)
            ),
            strict=True,
        )
        signatures = _read_signatures(group, certs, coefficients, parts.get("signatures"))
        summed = [group.product(points) for points in zip(*coefficients, strict=True)]
        keys = tuple(
            read_verification_key(group, cert, evaluate(group, summed, j), key)
            for j, (cert, key) in enumerate(
                zip(certs, items(parts["verification_keys"], _FORM, n), strict=True), start=1
            )
        )
        if len({key.signature is None for key in keys}) > 1:
            raise Refused(Check.TRUSTEE_SIGNATURE, "some verification keys are signed and some are not")
        return cls(threshold, certs, coefexps, coefficients, signatures, keys, summed[0])

    def combine(self, group: Group, factors: Mapping[int, Point]) -> Point:
        """Lagrange at 0 over the first `threshold` indices that sent a factor (spec 4.19).

        factors: by index 1..n inside the block. Raises Refused(DECRYPTION_ENOUGH).
        """
        indices = sorted(factors)[: self.threshold]
        if len(indices) < self.threshold:
            raise Refused(
                Check.DECRYPTION_ENOUGH,
                f"{self.threshold} of {len(self.certs)} parts are needed, {len(indices)} are there",
            )
        return group.product(group.pow(factors[i], lagrange(group.q, indices, i)) for i in indices)

    def check_agreement(self, group: Group, factors: Mapping[int, Point]) -> None:
        """Check that parts beyond the threshold lie on the polynomial of the first ones.

        The archive's proof holds for a wrong factor too, and `combine` does not look at these.
        factors: as for `combine`. Raises Refused(DECRYPTION_PROOF).
        """
        indices = sorted(factors)
        first, rest = indices[: self.threshold], indices[self.threshold :]
        for index in rest:
            powers = (group.pow(factors[i], lagrange(group.q, first, i, at=index)) for i in first)
            if group.product(powers) != factors[index]:
                raise Refused(
                    Check.DECRYPTION_PROOF, f"the part of trustee {index} of a block contradicts the others"
                )


def lagrange(q: int, indices: Sequence[int], delta: int, at: int = 0) -> Scalar:
    """Coefficient lambda of index delta at 0 (spec 4.19), or elsewhere."""
    numerator = denominator = 1
    for k in indices:
        if k != delta:
            numerator = numerator * (k - at) % q
            denominator = denominator * (k - delta) % q
    return Scalar(numerator * pow(denominator, -1, q) % q)


def check_certificates(certs: Sequence[Certificate], threshold: int) -> None:
    """Check that all certificates were made for this ceremony, by different trustees.

    Raises Refused(TRUSTEE_CERTIFICATE).
    """
    with_context = certs[0].context is not None
    for index, cert in enumerate(certs, start=1):
        expected = (len(certs), threshold, index) if with_context else None
        if cert.context != expected:
            raise Refused(Check.TRUSTEE_CERTIFICATE, f"certificate {index} was made for another ceremony")
    if len({cert.verification for cert in certs}) != len(certs):
        raise Refused(Check.TRUSTEE_CERTIFICATE, "two certificates have the same key")


def _read_signatures(
    group: Group, certs: Sequence[Certificate], coefficients: Sequence[Sequence[Point]], value: object
) -> tuple[Proof, ...] | None:
    if (value is not None) is not (certs[0].context is not None):
        raise Refused(_FORM, "the ceremony is signed exactly when certificates have a context")
    if value is None:
        return None
    signatures = tuple(read_proof(group, proof, _FORM) for proof in items(value, _FORM, len(certs)))
    for cert, coefs, signature in zip(certs, coefficients, signatures, strict=True):
        check_signature(
            group, cert.verification, transcript(certs, coefs), signature, Check.TRUSTEE_SIGNATURE
        )
    return signatures
