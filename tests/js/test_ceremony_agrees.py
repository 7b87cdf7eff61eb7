"""The key ceremony in the browser and in Python: byte for byte the same, and mixed trustees finish it together."""

import json
import secrets
import subprocess

import pytest

from tests.js.test_python_agrees import GROUPS, browser
from union.ballots import crypto as c
from union.ballots.crypto import ceremony as steps
from union.ballots.crypto.complaint import check_complaint, make_complaint
from union.ballots.crypto.rehearsal import check_test, rehearsal

SIZE, THRESHOLD = 3, 2
FACTS = {"size": SIZE, "threshold": THRESHOLD}


class Dealt:
    """A source of randomness that writes down what it gave."""

    def __init__(self):
        self.given = []

    def __call__(self, below):
        self.given.append(secrets.randbelow(below))
        return self.given[-1]

    @property
    def draws(self):
        return [str(value) for value in self.given]


@pytest.fixture(params=GROUPS)
def group(request):
    return c.group_named(request.param)


def certified(group):
    seeds = [steps.make_seed(secrets.randbelow) for _ in range(SIZE)]
    records = [
        steps.make_certificate(group, seed, SIZE, THRESHOLD, i, secrets.randbelow)
        for i, seed in enumerate(seeds, 1)
    ]
    return seeds, records, steps.read_certificates(group, records, THRESHOLD)


def asked(group, act, certs=None, draws=None, **facts):
    given = {"certificates": [r.decode() for r in certs]} if certs else {}
    return browser(act=act, group=group.name, draws=draws, **given, **facts)


def test_every_message_is_the_same_byte_for_byte(group):
    seeds, records, certs = certified(group)
    dealt = Dealt()
    made = steps.make_certificate(group, seeds[1], SIZE, THRESHOLD, 2, dealt)
    assert asked(group, "certificate", draws=dealt.draws, seed=seeds[1], index=2, **FACTS).encode() == made

    sent = []
    for seed in seeds:
        dealt = Dealt()
        sent.append(steps.make_polynomial(group, certs, seed, dealt))
        theirs = asked(group, "polynomial", records, dealt.draws, seed=seed, **FACTS)
        assert theirs.encode() == sent[-1]

    vinput = steps.make_vinput(sent, 3)
    dealt = Dealt()
    made = steps.make_voutput(group, certs, seeds[2], vinput, dealt)
    theirs = asked(group, "voutput", records, dealt.draws, seed=seeds[2], vinput=vinput.decode(), **FACTS)
    assert theirs.encode() == made

    sealed = json.loads(made)["private_key"]
    opened = asked(group, "openKey", certificate=records[2].decode(), seed=seeds[2], sealed=sealed)
    x = steps.open_decryption_key(group, certs, seeds[2], sealed)
    assert opened == str(x)
    test = rehearsal(group, group.gpow(c.Scalar(5)), "1q4fwCrWDBcW4d", 1)
    dealt = Dealt()
    partial, _ = c.decrypt_partially(test.election, test.pairs, x, dealt)
    share = asked(group, "test", election=test.election.record.decode(), privateKey=str(x))
    check_test(test, group.gpow(x), share["decryption"].encode(), share["strongProofs"].encode())
    assert json.loads(share["decryption"])["decryption_factors"] == [[str(partial.factors[0][0])]]


def test_browsers_and_commands_hold_a_ceremony_together(group):
    """Trustees 1 and 3 in the browser, 2 at the command line; any two open what was sealed."""
    seeds = [steps.make_seed(secrets.randbelow) for _ in range(SIZE)]
    records = [
        asked(group, "certificate", seed=seeds[0], index=1, **FACTS).encode(),
        steps.make_certificate(group, seeds[1], SIZE, THRESHOLD, 2, secrets.randbelow),
        asked(group, "certificate", seed=seeds[2], index=3, **FACTS).encode(),
    ]
    certs = steps.read_certificates(group, records, THRESHOLD)
    sent = [
        asked(group, "polynomial", records, seed=seeds[0], **FACTS).encode(),
        steps.make_polynomial(group, certs, seeds[1], secrets.randbelow),
        asked(group, "polynomial", records, seed=seeds[2], **FACTS).encode(),
    ]
    polynomials = [steps.read_polynomial(group, certs, i, record) for i, record in enumerate(sent, 1)]

    def browser_output(i):
        vinput = steps.make_vinput(sent, i + 1).decode()
        return asked(group, "voutput", records, seed=seeds[i], vinput=vinput, **FACTS).encode()

    outputs = [
        browser_output(0),
        steps.make_voutput(group, certs, seeds[1], steps.make_vinput(sent, 2), secrets.randbelow),
        browser_output(2),
    ]
    made = [steps.read_voutput(group, certs, polynomials, i, output) for i, output in enumerate(outputs, 1)]
    block = c.Trustees(group, (steps.assemble(group, certs, polynomials, made),))
    keys = [
        steps.open_decryption_key(group, certs, seed, output.private_key)
        for seed, output in zip(seeds, made, strict=True)
    ]
    test = rehearsal(group, block.public_key, "1q4fwCrWDBcW4d", 1)
    for owners in ((1, 2), (1, 3), (2, 3)):
        parts = {
            n: c.decrypt_partially(test.election, test.pairs, keys[n - 1], secrets.randbelow)[0]
            for n in owners
        }
        assert c.compute_result(test.election, block, test.pairs, parts, 1) == [[1]]


def test_the_browser_finds_a_wrong_share_and_its_complaint_holds(group):
    seeds, records, certs = certified(group)
    sent = [steps.make_polynomial(group, certs, seed, secrets.randbelow) for seed in seeds]
    sk = steps.keys_of(group, seeds[1]).sk
    for wrong in ('{"secret":"5"}', '{"other":"5"}', "nonsense"):
        envelope = steps.send(group, sk, certs[0].encryption, wrong, secrets.randbelow)
        spoiled = json.loads(sent[1])
        spoiled["secrets"][0] = envelope
        record = json.dumps(spoiled, separators=(",", ":")).encode()
        routed = [sent[0], record, sent[2]]
        polynomials = [steps.read_polynomial(group, certs, i, p) for i, p in enumerate(routed, 1)]
        vinput = steps.make_vinput(routed, 1).decode()
        found = asked(group, "voutput", records, seed=seeds[0], vinput=vinput, **FACTS)
        assert found["accused"] == 2
        assert check_complaint(group, certs, polynomials, 1, found["complaint"].encode()) == 2
        dealt = Dealt()
        ours = make_complaint(group, seeds[0], envelope, 2, dealt).record().decode()
        theirs = asked(group, "voutput", records, dealt.draws, seed=seeds[0], vinput=vinput, **FACTS)
        assert theirs["complaint"] == ours


def test_the_browser_refuses_a_server_that_shows_different_certificates(group):
    """A replaced certificate would let the server read shares; the signatures cover all of them."""
    seeds, records, certs = certified(group)
    evil = steps.make_certificate(
        group, steps.make_seed(secrets.randbelow), SIZE, THRESHOLD, 3, secrets.randbelow
    )
    other = steps.read_certificates(group, [*records[:2], evil], THRESHOLD)
    sent = [
        steps.make_polynomial(group, seen, seed, secrets.randbelow)
        for seen, seed in zip((certs, other, certs), seeds, strict=True)
    ]
    refused = {
        "trustee-signature": (records, seeds[0], steps.make_vinput(sent, 1)),
        "other-seed": ([*records[:2], evil], seeds[2], steps.make_vinput(sent, 3)),
        "trustee-certificate": ([records[1], records[0], records[2]], seeds[0], steps.make_vinput(sent, 1)),
    }
    for name, (shown, seed, vinput) in refused.items():
        with pytest.raises(AssertionError, match=name):
            asked(group, "voutput", shown, seed=seed, vinput=vinput.decode(), **FACTS)


def test_node_is_really_asked():
    with pytest.raises((AssertionError, subprocess.SubprocessError)):
        browser(act="nothing", group="Ed25519")
