"""Known answers, byte for byte: encodings, hashes, credentials, generators, embeddings, ballots."""

import hashlib
import itertools
import json

import pytest

from tests.rules.crypto.elections import VECTORS
from union.ballots.crypto import (
    Check,
    Election,
    Refused,
    accept_ballot,
    group_named,
    make_ballot,
    public_of,
    read_ballot,
    secret_of,
    verify,
)
from union.ballots.crypto.proofs import H

KAT = json.loads((VECTORS / "kat/ballots-and-groups.json").read_text())
CURVE = json.loads((VECTORS / "kat/ed25519-group.json").read_text())
ARCHIVES = sorted(VECTORS.glob("*/*.bel"))


def answers():
    """Draws of the known-answer ballots: draw i is SHA-512 of 'kat|i' modulo q."""
    counter = itertools.count()
    return lambda q: int.from_bytes(hashlib.sha512(f"kat|{next(counter)}".encode()).digest(), "big") % q


@pytest.mark.parametrize("name", list(KAT))
def test_group_parameters_and_powers(name):
    group, known = group_named(name), KAT[name]
    assert (str(group.q), str(group.g), str(group.one)) == (known["q"], known["g"], known["identity"])
    assert str(group.gpow(2)) == known["g^2"]
    assert str(group.mul(group.gpow(2), group.g)) == known["g^3"]
    assert str(group.inv(group.g)) == str(group.gpow(group.q - 1)) == known["g^-1"]
    for power in (group.pow(group.g, 123456789), group.gpow(123456789), group.fixed(group.g).pow(123456789)):
        assert str(power) == known["g^123456789"]
    assert group.pow(group.g, 0) == group.one == group.pow(group.one, 5) == group.mul(group.one, group.one)


@pytest.mark.parametrize("name", list(KAT))
def test_challenge(name):
    group = group_named(name)
    known = next(value for key, value in KAT[name].items() if key.startswith("H("))
    X = group.gpow(7)
    assert str(H(group, f"pok|{name}|{X}|", [group.gpow(5)])) == known


def test_challenges_on_the_curve():
    group = group_named("Ed25519")
    for case in CURVE["hash_to_scalar"]:
        assert str(H(group, case["prefix"], map(group.point, case["points"]))) == case["result"]


@pytest.mark.parametrize("name", list(KAT))
def test_credentials(name):
    group, known = group_named(name), KAT[name]["credential_v3"]
    assert str(secret_of(group, known["uuid"], known["cred"])) == known["secret"]
    assert str(public_of(group, known["uuid"], known["cred"])) == known["public"]


def test_credential_on_the_curve():
    group = group_named("Ed25519")
    for case in CURVE["credential_full"]:
        assert str(secret_of(group, case["uuid"], case["credential"])) == case["scalar"]
        assert str(public_of(group, case["uuid"], case["credential"])) == case["public"]


@pytest.mark.parametrize("name", [name for name in KAT if "generators" in KAT[name]])
def test_generators_and_embedding(name):
    group, known = group_named(name), KAT[name]
    for i, point in known["generators"].items():
        assert str(group.generator(int(i))) == point
    for values, point in known.get("of_ints", {}).items():
        assert str(group.encode(json.loads(values))) == point


def test_multiples_generators_and_embedding_on_the_curve():
    group = group_named("Ed25519")
    for e, point in CURVE["multiples_of_g"].items():
        assert str(group.gpow(int(e))) == point
        assert group.point(point) == group.gpow(int(e))
    for i, point in CURVE["get_generator"].items():
        assert str(group.generator(int(i))) == point
    for case in CURVE["of_ints"]:
        assert str(group.encode(case["ints"])) == case["point"]
        assert group.decode(group.point(case["point"]), len(case["ints"])) == case["ints"]


@pytest.mark.parametrize("point", list(KAT["Ed25519"]["reject"].values()), ids=list(KAT["Ed25519"]["reject"]))
def test_points_of_small_or_mixed_order_are_refused(point):
    group = group_named("Ed25519")
    with pytest.raises(Refused) as refused:
        group.point(point)
    assert refused.value.check is Check.POINT_SUBGROUP
    with pytest.raises(Refused):
        group.shared(group.point_unchecked(point)).pow(5)


def _ballots():
    for name, known in KAT.items():
        for kind, ballot in known.get("deterministic_ballots", {}).get("ballots", {}).items():
            yield pytest.param(known["deterministic_ballots"], ballot, id=f"{name}-{kind}")


@pytest.mark.parametrize(("case", "known"), list(_ballots()))
def test_ballots(case, known):
    election = Election.read(case["election_json"].encode())
    assert election.fingerprint == case["fingerprint"]
    made = make_ballot(election, case["credential"], known["choices"], answers())
    assert made.decode() == known["ballot"]
    public = str(public_of(election.group, election.uuid, case["credential"]))
    assert accept_ballot(election, made, {public}).tracker == known["tracker"]


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.parent.name)
def test_reference_archives_verify_and_open_to_the_expected_result(archive):
    report = verify(archive)
    assert report.holds, report.lines()
    assert report.stage == "tallied"
    expected = json.loads((archive.parent / "result.json").read_text())["result"]
    assert [[int(x) if isinstance(x, str) else x for x in row] for row in expected] == report.result


@pytest.mark.parametrize(
    "expected", sorted(VECTORS.glob("*/expected.json")), ids=lambda path: path.parent.name
)
def test_reference_voters(expected):
    known = json.loads(expected.read_text())
    election = Election.read((expected.parent / "election.json").read_bytes().rstrip(b"\n"))
    assert election.fingerprint == known["election_fingerprint"]
    ballots = {}
    for line in (expected.parent / "ballots.jsons").read_bytes().splitlines():
        ballot = read_ballot(election, line)
        ballots[ballot.tracker] = ballot
    for voter in known["voters"]:
        s = secret_of(election.group, election.uuid, voter["private_credential"])
        assert str(s) == voter["scalar"]
        ballot = ballots[voter["ballot_tracker"]]
        assert ballot.credential == str(election.group.gpow(s)) == voter["public_credential"]
        assert ballot.record_hash == voter["ballot_sha256"]
