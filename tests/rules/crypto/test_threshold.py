"""Threshold trustees: the ceremony, what goes wrong in it, decryption by any t of n, and the reference material."""

import hashlib
import itertools
import json
import secrets

import pytest

from tests.rules.crypto.elections import ACTIONS, RANKING, STRIKE, VECTORS, World
from union.ballots.crypto import (
    Check,
    Election,
    Refused,
    Scalar,
    Trustees,
    compute_result,
    decrypt_partially,
    group_named,
    read_ballot,
    read_tally,
    read_trustees,
    sift_partials,
    verify,
)
from union.ballots.crypto.ceremony import (
    WrongShare,
    assemble,
    keys_of,
    make_certificate,
    make_polynomial,
    make_seed,
    make_vinput,
    make_voutput,
    open_decryption_key,
    read_certificates,
    read_polynomial,
    read_voutput,
    receive,
    send,
)
from union.ballots.crypto.complaint import check_complaint, make_complaint
from union.ballots.crypto.decryption import discrete_logarithms
from union.ballots.crypto.pedersen import lagrange
from union.ballots.crypto.questions import Homomorphic
from union.ballots.crypto.reader import Reader
from union.ballots.crypto.rehearsal import check_test, rehearsal
from union.ballots.crypto.trustees import Single

draw = secrets.randbelow
CURVE = group_named("Ed25519")


class Ceremony:
    """All trustees of one block, in one place."""

    def __init__(self, group, size, threshold):
        self.group, self.seeds = group, [make_seed(draw) for _ in range(size)]
        records = [
            make_certificate(group, seed, size, threshold, i, draw) for i, seed in enumerate(self.seeds, 1)
        ]
        self.certs = read_certificates(group, records, threshold)
        self.sent = [make_polynomial(group, self.certs, seed, draw) for seed in self.seeds]
        self.polynomials = [read_polynomial(group, self.certs, i, p) for i, p in enumerate(self.sent, 1)]

    def finish(self):
        group = self.group
        outputs = [
            make_voutput(group, self.certs, seed, make_vinput(self.sent, i), draw)
            for i, seed in enumerate(self.seeds, 1)
        ]
        self.voutputs = [
            read_voutput(group, self.certs, self.polynomials, i, output)
            for i, output in enumerate(outputs, 1)
        ]
        self.block = assemble(group, self.certs, self.polynomials, self.voutputs)
        self.keys = [
            open_decryption_key(group, self.certs, seed, output.private_key)
            for seed, output in zip(self.seeds, self.voutputs, strict=True)
        ]
        return self


def refused(check, function, *arguments):
    with pytest.raises(Refused) as caught:
        function(*arguments)
    assert caught.value.check is check, caught.value
    return caught.value.detail


@pytest.mark.parametrize("name", ["Ed25519", "BELENIOS-2048"])
def test_any_two_of_three_open_the_tally(name, tmp_path, monkeypatch):
    ceremony = Ceremony(group_named(name), 3, 2).finish()
    monkeypatch.setattr(
        Trustees,
        "singles",
        classmethod(lambda cls, group, keys: cls(group, (Single(keys[0]), ceremony.block))),
    )
    world = World(ceremony.group, questions=(STRIKE,), trustees=1)
    record = world.block.record()
    assert read_trustees(world.group, record).record() == record
    world.cast(0, [[1, 0, 0]])
    world.cast(1, [[0, 0, 1]])
    world.close()
    keys = [world.keys[0].private_key, *ceremony.keys]
    parts = {
        owner: decrypt_partially(world.election, world.pairs, key, draw)[0]
        for owner, key in enumerate(keys, start=1)
    }
    for owners in ([1, 2, 3], [1, 2, 4], [1, 3, 4], [1, 2, 3, 4]):
        chosen = {owner: parts[owner] for owner in owners}
        assert compute_result(world.election, world.block, world.pairs, chosen, 2) == [[1, 0, 1]]
    for owners in ([2, 3, 4], [1, 2], [1]):
        chosen = {owner: parts[owner] for owner in owners}
        refused(Check.DECRYPTION_ENOUGH, compute_result, world.election, world.block, world.pairs, chosen, 2)
    world.keys = [type(world.keys[0])(key, None) for key in keys]
    world.decrypt([1, 4, 2])
    world.publish()
    report = verify(world.write(tmp_path))
    assert report.holds, report.lines()


def test_the_tally_goes_on_without_whoever_sends_nonsense():
    ceremony = Ceremony(CURVE, 3, 2).finish()
    world = World(CURVE, questions=(STRIKE,), trustees=1)
    election = world.election
    block = Trustees(CURVE, (ceremony.block,))
    object.__setattr__(election, "public_key", block.public_key)
    world.cast(0, [[0, 1, 0]])
    world.close()
    pairs = world.pairs
    records = {}
    for owner, key in enumerate(ceremony.keys, start=1):
        made, strong = decrypt_partially(election, pairs, key, draw)
        records[owner] = (made.record(), strong)
    other = decrypt_partially(election, pairs, Scalar(5), draw)
    records[2] = (other[0].record(), other[1])
    records[4] = records[1]
    valid, bad = sift_partials(election, block, pairs, records)
    assert sorted(valid) == [1, 3]
    assert {owner: reason.check for owner, reason in bad.items()} == {
        2: Check.DECRYPTION_PROOF,
        4: Check.DECRYPTION_OWNER,
    }
    assert compute_result(election, block, pairs, valid, 1) == [[0, 1, 0]]


def test_a_rehearsal_shows_whether_all_parts_fit():
    ceremony = Ceremony(CURVE, 3, 2).finish()
    block = Trustees(CURVE, (ceremony.block,))
    test = rehearsal(CURVE, block.public_key, "1q4fwCrWDBcW4d", 1)
    sent = {
        owner: decrypt_partially(test.election, test.pairs, ceremony.keys[owner - 1], draw)
        for owner in (1, 3)
    }
    for owner, (partial, strong) in sent.items():
        check_test(test, block.verification_keys[owner - 1], partial.record(), strong)
        refused(
            Check.DECRYPTION_PROOF, check_test, test, block.verification_keys[1], partial.record(), strong
        )
    parts = {owner: partial for owner, (partial, _) in sent.items()}
    assert compute_result(test.election, block, test.pairs, parts, 1) == [[1]]
    parts[1] = decrypt_partially(test.election, test.pairs, Scalar(9), draw)[0]
    refused(Check.RESULT_CONTENT, compute_result, test.election, block, test.pairs, parts, 1)


def test_a_rehearsal_follows_from_the_ballot_and_holds_no_vote():
    """Everybody can make the dummy anew: no server can pass a real vote off as a test."""
    key = CURVE.gpow(Scalar(7))
    test = rehearsal(CURVE, key, "1q4fwCrWDBcW4d", 1)
    again = rehearsal(CURVE, key, "1q4fwCrWDBcW4d", 1)
    assert (test.election.record, test.pairs) == (again.election.record, again.pairs)
    assert test.election.fingerprint != rehearsal(CURVE, key, "1q4fwCrWDBcW4d", 2).election.fingerprint
    digest = hashlib.sha256(f"rehearsal|{test.election.fingerprint}|".encode()).hexdigest()
    assert test.pairs[0][0].alpha == CURVE.gpow(Scalar(int(digest, 16) % CURVE.q))


def test_lagrange_reconstructs():
    q = CURVE.q
    for threshold in (1, 2, 3):
        polynomial = [draw(q) for _ in range(threshold)]
        for indices in itertools.combinations(range(1, 6), threshold):
            value = sum(
                lagrange(q, indices, i) * sum(a * i**k for k, a in enumerate(polynomial)) for i in indices
            )
            assert value % q == polynomial[0]


def test_a_wrong_share_names_its_sender():
    ceremony = Ceremony(CURVE, 3, 2)
    sk = keys_of(CURVE, ceremony.seeds[1]).sk
    wrong = send(CURVE, sk, ceremony.certs[0].encryption, '{"secret":"5"}', draw)
    vinput = json.loads(make_vinput(ceremony.sent, 1))
    vinput["secrets"][1] = wrong
    detail = refused(
        Check.TRUSTEE_SHARE,
        make_voutput,
        CURVE,
        ceremony.certs,
        ceremony.seeds[0],
        json.dumps(vinput).encode(),
        draw,
    )
    assert "trustee 2" in detail


@pytest.mark.parametrize("name", ["Ed25519", "BELENIOS-2048"])
def test_a_complaint_shows_a_wrong_share_and_accuses_nobody_else(name):
    group = group_named(name)
    ceremony = Ceremony(group, 3, 2)
    sk = keys_of(group, ceremony.seeds[1]).sk
    record = json.loads(ceremony.sent[1])
    nonsense = send(group, sk, ceremony.certs[0].encryption, '{"secret":"x"}', draw)
    other = send(group, sk, ceremony.certs[0].encryption, '{"secret":"5"}', draw)
    stranger = send(group, Scalar(5), ceremony.certs[0].encryption, '{"secret":"5"}', draw)
    for wrong in (nonsense, other, stranger, record["secrets"][2]):
        sent = list(ceremony.sent)
        sent[1] = json.dumps(
            record | {"secrets": [wrong, *record["secrets"][1:]]}, separators=(",", ":")
        ).encode()
        polynomials = [read_polynomial(group, ceremony.certs, i, p) for i, p in enumerate(sent, 1)]
        with pytest.raises(WrongShare) as caught:
            make_voutput(group, ceremony.certs, ceremony.seeds[0], make_vinput(sent, 1), draw)
        assert caught.value.accused == 2
        complaint = make_complaint(group, ceremony.seeds[0], wrong, 2, draw).record()
        assert check_complaint(group, ceremony.certs, polynomials, 1, complaint) == 2
        for index, changed in (
            (2, complaint),
            (1, complaint.replace(b'"accused":2', b'"accused":3')),
            (1, complaint.replace(b'"accused":2', b'"accused":9')),
        ):
            refused(
                Check.TRUSTEE_COMPLAINT, check_complaint, group, ceremony.certs, polynomials, index, changed
            )
    good = ceremony.polynomials[2].secrets[0]
    false = make_complaint(group, ceremony.seeds[0], good, 3, draw).record()
    detail = refused(
        Check.TRUSTEE_COMPLAINT, check_complaint, group, ceremony.certs, ceremony.polynomials, 1, false
    )
    assert "fits" in detail


def test_a_server_that_routes_another_message_is_found():
    ceremony = Ceremony(CURVE, 3, 2)
    vinput = json.loads(make_vinput(ceremony.sent, 1))
    for swap, check in (
        (lambda v: v["secrets"].reverse(), Check.TRUSTEE_MESSAGE),
        (lambda v: v["coefexps"].reverse(), Check.TRUSTEE_COEFFICIENTS),
        (lambda v: v["signatures"].reverse(), Check.TRUSTEE_SIGNATURE),
        (lambda v: v.update(polynomial=v["secrets"][0]), Check.TRUSTEE_MESSAGE),
    ):
        bad = json.loads(json.dumps(vinput))
        swap(bad)
        refused(check, make_voutput, CURVE, ceremony.certs, ceremony.seeds[0], json.dumps(bad).encode(), draw)


def test_a_server_that_shows_other_certificates_to_some_is_found():
    """A replaced certificate would let the server read shares; every signature covers all certificates."""
    group = CURVE
    seeds = [make_seed(draw) for _ in range(3)]
    evil = make_seed(draw)
    records = [make_certificate(group, seed, 3, 2, i, draw) for i, seed in enumerate(seeds, 1)]
    replaced = [*records[:2], make_certificate(group, evil, 3, 2, 3, draw)]
    honest, other = read_certificates(group, records, 2), read_certificates(group, replaced, 2)
    sent = [
        make_polynomial(group, seen, seed, draw)
        for seen, seed in zip((honest, other, honest), seeds, strict=True)
    ]
    refused(Check.TRUSTEE_SIGNATURE, make_voutput, group, honest, seeds[0], make_vinput(sent, 1), draw)


def test_certificates_of_another_ceremony_are_refused():
    seeds = [make_seed(draw) for _ in range(2)]

    def records(size=2, threshold=2, indices=(1, 2), group=CURVE):
        return [
            make_certificate(group, seed, size, threshold, i, draw)
            for seed, i in zip(seeds, indices, strict=True)
        ]

    read_certificates(CURVE, records(), 2)
    for bad in (records(size=3), records(threshold=1), records(indices=(2, 1)), records()[:1], []):
        refused(Check.TRUSTEE_CERTIFICATE, read_certificates, CURVE, bad, 2)
    one = make_certificate(CURVE, seeds[0], 2, 2, 2, draw)
    refused(Check.TRUSTEE_CERTIFICATE, read_certificates, CURVE, [records()[0], one], 2)
    changed = records()[0].replace(b'\\"size\\":2', b'\\"size\\":3')
    refused(Check.TRUSTEE_CERTIFICATE, read_certificates, CURVE, [changed, records()[1]], 2)


def test_a_changed_message_cannot_be_opened():
    sender, recipient = keys_of(CURVE, make_seed(draw)), keys_of(CURVE, make_seed(draw))
    vk, ek = CURVE.gpow(sender.sk), CURVE.gpow(recipient.dk)
    envelope = send(CURVE, sender.sk, ek, "the share", draw)
    assert receive(CURVE, recipient.dk, vk, envelope) == "the share"
    refused(Check.TRUSTEE_MESSAGE, receive, CURVE, sender.dk, vk, envelope)
    refused(Check.TRUSTEE_MESSAGE, receive, CURVE, recipient.dk, ek, envelope)
    parts = json.loads(envelope)
    parts["data"] = ("0" if parts["data"][0] != "0" else "1") + parts["data"][1:]
    refused(Check.TRUSTEE_MESSAGE, receive, CURVE, recipient.dk, vk, json.dumps(parts))


@pytest.mark.parametrize("field", ["signatures", "coefexps", "certs", "verification_keys"])
def test_a_block_with_a_part_swapped_or_gone_is_refused(field):
    block = Ceremony(CURVE, 3, 2).finish().block.json()
    for change in (lambda rows: rows.reverse(), lambda rows: rows.pop(), lambda rows: rows.clear()):
        bad = json.loads(json.dumps(block))
        change(bad[1][field])
        with pytest.raises(Refused):
            read_trustees(CURVE, json.dumps([bad]).encode())
    bad = json.loads(json.dumps(block))
    del bad[1][field]
    refused(Check.TRUSTEES_FORM, read_trustees, CURVE, json.dumps([bad]).encode())


@pytest.mark.parametrize("folder", ["ed25519-threshold", "ff2048-threshold"])
def test_reference_ceremony(folder):
    """The trustees' kept material opens, and opens the published tally to the expected counts."""
    place = VECTORS / folder
    election = Election.read((place / "election.json").read_bytes().rstrip(b"\n"))
    group = election.group
    private = place / "private"
    certs = read_certificates(group, (private / "certs.jsons").read_bytes().splitlines(), 2)
    sent = (private / "polynomials.jsons").read_bytes().splitlines()
    polynomials = [read_polynomial(group, certs, i, record) for i, record in enumerate(sent, 1)]
    keys = []
    for index in (1, 2, 3):
        name = (private / f"{index}.trustee").read_text().strip()
        seed = (private / f"{name}.key").read_text().strip()
        vinput = (private / f"{name}.vinput").read_bytes().rstrip(b"\n")
        assert vinput == make_vinput(sent, index)
        output = read_voutput(
            group, certs, polynomials, index, (private / f"{name}.voutput").read_bytes().rstrip(b"\n")
        )
        again = make_voutput(group, certs, seed, vinput, draw)
        assert read_voutput(group, certs, polynomials, index, again).key.public_key == output.key.public_key
        sealed = (private / f"{name}.dkey").read_text().strip()
        keys.append(open_decryption_key(group, certs, seed, sealed))
        assert group.gpow(keys[-1]) == output.key.public_key
        if (private / "secrets.json").exists():
            known = json.loads((private / "secrets.json").read_text())["trustees"][index - 1]
            assert str(keys[-1]) == known["decryption_key"]
            assert [str(k) for k in keys_of(group, seed)] == [known["sk"], known["dk"]]
    trustees = read_trustees(group, (place / "trustees.json").read_bytes().rstrip(b"\n"))
    expected = json.loads((place / "result.json").read_text())["result"]
    pairs, total = published_tally(place, election)
    for owners in itertools.combinations((1, 2, 3), 2):
        parts = {o: decrypt_partially(election, pairs, keys[o - 1], draw)[0] for o in owners}
        assert compute_result(election, trustees, pairs, parts, total) == expected


def published_tally(place, election):
    with next(place.glob("*.bel")).open("rb") as file:
        reader = Reader(file)
        event = next(event for event in reader.events() if event.kind == "EncryptedTally")
        sized = json.loads(event.content)
        return read_tally(election, reader.read(event.payloads[0])), int(sized["total_weight"])


@pytest.mark.parametrize("folder", ["ed25519-single", "ed25519-weighted", "ff2048-single"])
def test_reference_keys_open_the_tally(folder):
    place = VECTORS / folder
    election = Election.read((place / "election.json").read_bytes().rstrip(b"\n"))
    trustees = read_trustees(election.group, (place / "trustees.json").read_bytes().rstrip(b"\n"))
    keys = [
        election.group.scalar(json.loads(path.read_text()))
        for path in sorted((place / "private").glob("*.privkey"))
    ]
    pairs, total = published_tally(place, election)
    parts = {}
    for key in keys:
        owner = trustees.verification_keys.index(election.group.gpow(key)) + 1
        parts[owner] = decrypt_partially(election, pairs, key, draw)[0]
    expected = json.loads((place / "result.json").read_text())["result"]
    assert compute_result(election, trustees, pairs, parts, total) == [
        [int(count) for count in row] for row in expected
    ]


@pytest.mark.parametrize("place", sorted(path.parent for path in VECTORS.glob("*/expected.json")), ids=str)
def test_reference_ballots_decrypt_to_the_expected_choices(place):
    known = json.loads((place / "expected.json").read_text())
    election = Election.read((place / "election.json").read_bytes().rstrip(b"\n"))
    group = election.group
    secret = known.get("election_secret")
    if secret is None:
        secret = json.loads((place / "private" / "secrets.json").read_text())["election_secret"]
    x = Scalar(int(secret))
    assert group.gpow(x) == election.public_key
    choices = {voter["public_credential"]: voter["choice"] for voter in known["voters"]}
    lines = (place / "ballots.jsons").read_bytes().splitlines()
    assert len(lines) == len(choices)
    for line in lines:
        ballot = read_ballot(election, line)
        for question, pairs, choice in zip(
            election.questions, ballot.ciphertexts, choices[ballot.credential], strict=True
        ):
            opened = [group.div(pair.beta, group.pow(pair.alpha, x)) for pair in pairs]
            if isinstance(question, Homomorphic):
                assert discrete_logarithms(group, opened, 1) == choice
            else:
                assert group.decode(opened[0], len(question.answers)) == choice


def test_shuffles_keep_every_ranking(tmp_path):
    world = World(CURVE, questions=(RANKING, STRIKE, RANKING), trustees=2)
    choices = [[[1, 2, 3, 4], [1, 0, 0], [0, 0, 0, 255]], [[4, 3, 2, 1], [0, 1, 0], [0, 0, 0, 0]]]
    for voter, choice in enumerate(choices):
        world.cast(voter, choice)
    world.close()
    before = world.pairs
    world.shuffle()
    assert not set(before[0]) & set(world.pairs[0])
    assert before[1] == world.pairs[1]
    world.decrypt()
    result = world.publish()
    assert sorted(result[0]) == sorted(choice[0] for choice in choices)
    assert result[1] == [1, 1, 0]
    assert sorted(result[2]) == sorted(choice[2] for choice in choices)
    assert verify(world.write(tmp_path)).holds


def test_weights_count(tmp_path):
    world = World(CURVE, questions=(ACTIONS,), weights=(3, 2**30 + 5, 1, 1), voters=4)
    for voter, choice in enumerate(([0, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0])):
        world.cast(voter, [choice])
    world.close()
    world.decrypt()
    assert world.publish() == [[1, 2**30 + 8, 2**30 + 5, 0]]
    assert verify(world.write(tmp_path)).holds


def test_a_weighted_ranked_answer_is_refused(tmp_path):
    world = World(CURVE, questions=(RANKING,), weights=(1, 2, 1, 1))
    world.cast(1, [[1, 2, 3, 4]])
    refused(Check.TALLY_FORM, world.close)
    report = verify(world.write(tmp_path))
    assert report.failures[0].failed == Check.CREDENTIALS_FORM.value
