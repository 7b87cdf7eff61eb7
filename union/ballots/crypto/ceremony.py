"""The key ceremony of threshold trustees: certificates, polynomials, shares, verification keys.

Pure. Spec 3.1.1 (Pedersen) and 4.6, in the form of release 3.3 (FORMAT.md, section 6). A trustee keeps
one seed of 22 characters and no other state: what it must remember it sends to itself, encrypted. The server
only routes messages, and checks what it can.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from union.ballots.crypto.canonical import compact, fields, items, read_json, text
from union.ballots.crypto.credentials import BASE58
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Draw, Group, Point, Scalar
from union.ballots.crypto.pedersen import (
    Certificate,
    Pedersen,
    Signed,
    VerificationKey,
    check_certificates,
    check_signature,
    evaluate,
    read_certificate,
    read_coefexps,
    read_signed,
    read_verification_key,
    transcript,
)
from union.ballots.crypto.proofs import Proof, key_prefix, prove_knowledge, read_proof

_FORM = Check.TRUSTEES_FORM
_MESSAGE = Check.TRUSTEE_MESSAGE
_HEX = re.compile(r"\A(?:[0-9a-f]{2})+\Z")


def make_seed(draw: Draw) -> str:
    """A trustee's seed: 22 base-58 characters, to be kept and backed up."""
    return "".join(BASE58[draw(58)] for _ in range(22))


class Keys(NamedTuple):
    """What a seed stands for: signing key sk and decryption key dk (spec 4.6.1)."""

    sk: Scalar
    dk: Scalar


def keys_of(group: Group, seed: str) -> Keys:
    """Derive a trustee's private keys from its seed."""

    def derived(purpose: str) -> Scalar:
        return Scalar(int(hashlib.sha256(f"{purpose}|{seed}".encode()).hexdigest(), 16) % group.q)

    return Keys(derived("sk"), derived("dk"))


def _sign(group: Group, sk: Scalar, message: str, draw: Draw) -> Proof:
    return prove_knowledge(group, sk, f"sigmsg|{message}|", draw)


def _signed(group: Group, sk: Scalar, message: str, draw: Draw) -> Signed:
    return Signed(message, _sign(group, sk, message, draw))


def _digest(purpose: str, point: Point) -> bytes:
    return hashlib.sha256(f"{purpose}|{point}".encode()).digest()


def send(group: Group, sk: Scalar, recipient: Point, message: str, draw: Draw) -> str:
    """A message signed by sk and encrypted to a recipient's encryption key (spec 4.6.1, 4.6.3)."""
    inner = compact({"recipient": str(recipient), "message": message}).decode()
    plain = compact(_signed(group, sk, inner, draw).json())
    r, s = group.draw_scalar(draw), group.draw_scalar(draw)
    K, alpha = group.gpow(s), group.gpow(r)
    sealed = AESGCM(_digest("key", K)).encrypt(_digest("iv", alpha), plain, None)
    beta = group.mul(group.pow(recipient, r), K)
    envelope = {"algorithm": "AES-GCM", "alpha": str(alpha), "beta": str(beta), "data": sealed.hex()}
    return compact(envelope).decode()


class Envelope(NamedTuple):
    """A sealed message in its outer form: the pair that holds K, and what is sealed with K."""

    alpha: Point
    beta: Point
    data: bytes


def read_envelope(group: Group, envelope: str) -> Envelope:
    """Parse the outer form of a message made by `send`. Raises Refused(TRUSTEE_MESSAGE or POINT_...)."""
    parts = fields(read_json(envelope.encode(), _MESSAGE), ("algorithm", "alpha", "beta", "data"), _MESSAGE)
    if parts["algorithm"] != "AES-GCM":
        raise Refused(_MESSAGE, "an unknown cipher")
    data = text(parts["data"], _MESSAGE)
    if not _HEX.match(data):
        raise Refused(_MESSAGE, "a sealed message is written in lower-case hexadecimal")
    return Envelope(group.point(parts["alpha"]), group.point(parts["beta"]), bytes.fromhex(data))


def unseal(group: Group, envelope: Envelope, factor: Point, sender: Point, recipient: Point) -> str:
    """Open an envelope with factor = alpha^dk: whoever has that factor can read this one message.

    Raises Refused(TRUSTEE_MESSAGE) when it is not for this recipient, not from this sender, or was changed.
    """
    K = group.div(envelope.beta, factor)
    try:
        plain = AESGCM(_digest("key", K)).decrypt(_digest("iv", envelope.alpha), envelope.data, None)
    except InvalidTag:
        raise Refused(_MESSAGE, "a message cannot be opened with this trustee's key") from None
    signed = read_signed(group, read_json(plain, _MESSAGE))
    check_signature(group, sender, signed.message, signed.signature, _MESSAGE)
    inner = fields(read_json(signed.message.encode(), _MESSAGE), ("recipient", "message"), _MESSAGE)
    if inner["recipient"] != str(recipient):
        raise Refused(_MESSAGE, "a message was written for another trustee")
    return text(inner["message"], _MESSAGE)


def receive(group: Group, dk: Scalar, sender: Point, envelope: str) -> str:
    """Open a message made by `send`: sender is the verification key it must be signed with.

    Raises Refused(TRUSTEE_MESSAGE) when it is not for this recipient, not from this sender, or was changed.
    """
    read = read_envelope(group, envelope)
    return unseal(group, read, group.pow(read.alpha, dk), sender, group.gpow(dk))


def make_certificate(group: Group, seed: str, size: int, threshold: int, index: int, draw: Draw) -> bytes:
    """Step 1, by trustee number `index` of `size` (from 1): the certificate record to send in."""
    keys = keys_of(group, seed)
    message = {
        "context": {"group": group.name, "size": size, "threshold": threshold, "index": index},
        "verification": str(group.gpow(keys.sk)),
        "encryption": str(group.gpow(keys.dk)),
    }
    return compact(_signed(group, keys.sk, compact(message).decode(), draw).json())


def read_certificates(group: Group, records: Sequence[bytes], threshold: int) -> tuple[Certificate, ...]:
    """Step 2, by the server and by every trustee: check all certificates together.

    Raises Refused(TRUSTEES_FORM, TRUSTEE_CERTIFICATE or POINT_...).
    """
    certs = tuple(read_certificate(group, read_json(record, _FORM)) for record in records)
    if not certs or any(cert.context is None for cert in certs):
        raise Refused(Check.TRUSTEE_CERTIFICATE, "a certificate says which ceremony it is for")
    check_certificates(certs, threshold)
    return certs


def _own_index(group: Group, certs: Sequence[Certificate], keys: Keys) -> int:
    own = (group.gpow(keys.sk), group.gpow(keys.dk))
    for index, cert in enumerate(certs, start=1):
        if (cert.verification, cert.encryption) == own:
            return index
    raise Refused(Check.TRUSTEE_CERTIFICATE, "this trustee's certificate is not among those of the ceremony")


def _threshold(certs: Sequence[Certificate]) -> int:
    context = certs[0].context
    return context[1] if context else 0


def make_polynomial(group: Group, certs: Sequence[Certificate], seed: str, draw: Draw) -> bytes:
    """Step 3, by each trustee: a secret polynomial's public coefficients, and a share for each trustee."""
    keys = keys_of(group, seed)
    own = certs[_own_index(group, certs, keys) - 1]
    coefficients = [group.draw_scalar(draw) for _ in range(_threshold(certs))]
    A = [group.gpow(a) for a in coefficients]
    raw = compact({"coefexps": [str(point) for point in A]}).decode()
    kept = compact({"polynomial": [str(a) for a in coefficients]}).decode()
    secrets = []
    for j, cert in enumerate(certs, start=1):
        share = sum(a * j**k for k, a in enumerate(coefficients)) % group.q
        secrets.append(send(group, keys.sk, cert.encryption, compact({"secret": str(share)}).decode(), draw))
    return compact(
        {
            "polynomial": send(group, keys.sk, own.encryption, kept, draw),
            "secrets": secrets,
            "coefexps": _signed(group, keys.sk, raw, draw).json(),
            "signature": _sign(group, keys.sk, transcript(certs, A), draw).json(),
        }
    )


@dataclass(frozen=True)
class Polynomial:
    """A trustee's step 3, checked as far as the server can. secrets: sealed shares by recipient."""

    polynomial: str
    secrets: tuple[str, ...]
    coefexps: Signed
    coefficients: tuple[Point, ...]
    signature: Proof


def read_polynomial(group: Group, certs: Sequence[Certificate], index: int, record: bytes) -> Polynomial:
    """Check what trustee number `index` (from 1) sent in step 3.

    Raises Refused(TRUSTEES_FORM, TRUSTEE_COEFFICIENTS, TRUSTEE_SIGNATURE or POINT_...).
    """
    names = ("polynomial", "secrets", "coefexps", "signature")
    parts = fields(read_json(record, _FORM), names, _FORM)
    cert = certs[index - 1]
    coefexps, A = read_coefexps(group, cert, parts["coefexps"], _threshold(certs))
    signature = read_proof(group, parts["signature"], _FORM)
    check_signature(group, cert.verification, transcript(certs, A), signature, Check.TRUSTEE_SIGNATURE)
    secrets = tuple(text(secret, _FORM) for secret in items(parts["secrets"], _FORM, len(certs)))
    return Polynomial(text(parts["polynomial"], _FORM), secrets, coefexps, A, signature)


def make_vinput(records: Sequence[bytes], index: int) -> bytes:
    """Step 4, by the server: what trustee number `index` (from 1) needs for step 5.

    records: what the trustees sent in step 3, each checked by `read_polynomial`.
    """
    parts = [read_json(record, _FORM) for record in records]
    return compact(
        {
            "polynomial": parts[index - 1]["polynomial"],
            "secrets": [part["secrets"][index - 1] for part in parts],
            "coefexps": [part["coefexps"] for part in parts],
            "signatures": [part["signature"] for part in parts],
        }
    )


def make_voutput(group: Group, certs: Sequence[Certificate], seed: str, vinput: bytes, draw: Draw) -> bytes:
    """Step 5, by each trustee: check every share received and prove the resulting verification key.

    Raises WrongShare naming the trustee whose share does not fit (`complaint` can show it to everybody), or
    Refused(TRUSTEE_SIGNATURE) when the trustees do not all see the same certificates and coefficients.
    """
    keys = keys_of(group, seed)
    j = _own_index(group, certs, keys)
    parts = fields(read_json(vinput, _FORM), ("polynomial", "secrets", "coefexps", "signatures"), _FORM)
    n = len(certs)
    lists = zip(
        certs,
        *(items(parts[name], _FORM, n) for name in ("secrets", "coefexps", "signatures")),
        strict=True,
    )
    S = 0
    for i, (cert, envelope, coefexps, signature) in enumerate(lists, start=1):
        _, A = read_coefexps(group, cert, coefexps, _threshold(certs))
        proof = read_proof(group, signature, _FORM)
        check_signature(group, cert.verification, transcript(certs, A), proof, Check.TRUSTEE_SIGNATURE)
        try:
            S += read_share(group, A, j, receive(group, keys.dk, cert.verification, text(envelope, _MESSAGE)))
        except Refused as refused:
            raise WrongShare(i, refused) from None
        if i == j:
            _check_own(group, keys, cert, text(parts["polynomial"], _FORM), A)
    x = Scalar(S % group.q)
    X = group.gpow(x)
    key = VerificationKey(
        X, prove_knowledge(group, x, key_prefix(group, X), draw), _sign(group, keys.sk, str(X), draw)
    )
    kept = compact({"decryption_key": str(x)}).decode()
    sealed = send(group, keys.sk, certs[j - 1].encryption, kept, draw)
    return compact({"private_key": sealed, "public_key": key.json()})


class WrongShare(Refused):
    """The share that trustee number `accused` sent does not fit, or cannot be opened."""

    def __init__(self, accused: int, reason: Refused) -> None:
        super().__init__(reason.check, f"the share of trustee {accused}: {reason.detail}")
        self.accused = accused


def read_share(group: Group, coefficients: Sequence[Point], j: int, message: str) -> Scalar:
    """The share in an opened message, checked to lie on its sender's polynomial at j (spec 4.6.5).

    Raises Refused(TRUSTEE_SHARE, TRUSTEE_MESSAGE or SCALAR_FORM).
    """
    s = group.scalar(fields(read_json(message.encode(), _MESSAGE), ("secret",), _MESSAGE)["secret"])
    if group.gpow(s) != evaluate(group, coefficients, j):
        raise Refused(Check.TRUSTEE_SHARE, "it does not lie on the polynomial that was announced")
    return s


def _received(group: Group, dk: Scalar, sender: Certificate, envelope: object, name: str) -> Any:  # noqa: ANN401
    message = receive(group, dk, sender.verification, text(envelope, _MESSAGE))
    return fields(read_json(message.encode(), _MESSAGE), (name,), _MESSAGE)[name]


def _check_own(group: Group, keys: Keys, cert: Certificate, envelope: str, A: Sequence[Point]) -> None:
    kept = items(_received(group, keys.dk, cert, envelope, "polynomial"), _MESSAGE, len(A))
    if [group.gpow(group.scalar(a)) for a in kept] != list(A):
        raise Refused(Check.TRUSTEE_COEFFICIENTS, "these are not the coefficients this trustee sent")


class Voutput(NamedTuple):
    """A trustee's step 5, checked. private_key: sealed to itself, to be kept for the decryption."""

    private_key: str
    key: VerificationKey


def read_voutput(
    group: Group, certs: Sequence[Certificate], polynomials: Sequence[Polynomial], index: int, record: bytes
) -> Voutput:
    """Check what trustee number `index` (from 1) sent in step 5.

    Raises Refused(TRUSTEES_FORM, TRUSTEE_KEY_PROOF, TRUSTEE_SHARE or TRUSTEE_SIGNATURE).
    """
    parts = fields(read_json(record, _FORM), ("private_key", "public_key"), _FORM)
    summed = [group.product(points) for points in zip(*(p.coefficients for p in polynomials), strict=True)]
    expected = evaluate(group, summed, index)
    key = read_verification_key(group, certs[index - 1], expected, parts["public_key"])
    return Voutput(text(parts["private_key"], _FORM), key)


def assemble(
    group: Group,
    certs: Sequence[Certificate],
    polynomials: Sequence[Polynomial],
    voutputs: Sequence[Voutput],
) -> Pedersen:
    """Step 6, by the server: the block to publish, every part checked once more."""
    record = {
        "threshold": _threshold(certs),
        "certs": [cert.signed.json() for cert in certs],
        "coefexps": [polynomial.coefexps.json() for polynomial in polynomials],
        "signatures": [polynomial.signature.json() for polynomial in polynomials],
        "verification_keys": [voutput.key.json() for voutput in voutputs],
    }
    return Pedersen.read(group, record)


def open_decryption_key(group: Group, certs: Sequence[Certificate], seed: str, sealed: str) -> Scalar:
    """A trustee's private key for `decrypt_partially`, from what it sealed to itself in step 5.

    Raises Refused(TRUSTEE_MESSAGE or TRUSTEE_CERTIFICATE).
    """
    own = certs[_own_index(group, certs, keys_of(group, seed)) - 1]
    return open_own_key(group, own, seed, sealed)


def open_own_key(group: Group, own: Certificate, seed: str, sealed: str) -> Scalar:
    """The same with the trustee's own certificate. Raises Refused(TRUSTEE_MESSAGE)."""
    return group.scalar(_received(group, keys_of(group, seed).dk, own, sealed, "decryption_key"))
