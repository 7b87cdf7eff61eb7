"""What must hold of groups, ciphertexts, proofs and ballots whatever is drawn."""

import json
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.crypto.elections import World
from union.ballots.crypto import (
    Check,
    Homomorphic,
    Ranked,
    Refused,
    Scalar,
    accept_ballot,
    group_named,
    make_ballot,
)
from union.ballots.crypto.canonical import compact, read_json, weight_json, weight_value
from union.ballots.crypto.decryption import discrete_logarithms
from union.ballots.crypto.distinct import Distinct
from union.ballots.crypto.edwards_arithmetic import Table, decompress, finish, progression
from union.ballots.crypto.elgamal import encrypt, multiply, raise_to

GROUPS = {name: group_named(name) for name in ("BELENIOS-2048", "Ed25519", "RFC-3526-2048")}
CURVE = GROUPS["Ed25519"]
few = settings(max_examples=15)
names = st.sampled_from(sorted(GROUPS))
small = st.integers(0, 2**256)


def scalar(group, number):
    return Scalar(number % group.q)


@few
@given(names, small, small)
def test_powers_agree_however_they_are_computed(name, a, b):
    group = GROUPS[name]
    x, e = scalar(group, a), scalar(group, b)
    base = group.gpow(x)
    power = group.pow(base, e)
    assert power == group.gpow(scalar(group, x * e))
    assert power == group.shared(base).pow(e) == group.shared(base, uses=1).pow(e)
    both = group.mul(base, group.g)
    parts = [group.shared(base), group.shared(group.g)]
    for uses in (1, 2, 9):
        assert group.shared_product(parts, both, uses).pow(e) == group.pow(both, e)
    for value in (0, 1, 5):
        expected = group.pow(group.div(base, group.gpow(Scalar(value))), e)
        assert group.shared(base).shifted(value, e) == expected
    assert group.fixed(group.g).shifted(3, e) == group.pow(group.inv(group.gpow(Scalar(2))), e)
    assert group.point(str(power)) == power
    assert group.mul(power, group.inv(power)) == group.one
    assert group.pow(power, Scalar(0)) == group.one == group.shared(group.one).pow(e)


@few
@given(small, st.lists(small, min_size=1, max_size=3))
def test_tables_and_progressions_on_the_curve(a, exponents):
    base = CURVE.gpow(scalar(CURVE, a + 1))
    table = Table(base.raw)
    for e in (0, 1, CURVE.q - 1, *(scalar(CURVE, e) for e in exponents)):
        assert table.multiply(e) == CURVE.pow(base, Scalar(e)).raw
    assert finish(decompress(base.raw)) == base.raw
    steps = progression(base.raw, CURVE.one.raw)
    assert next(steps) == next(steps) == base.raw
    steps = CURVE.progression(CURVE.one, base)
    for k in range(5):
        assert next(steps) == CURVE.pow(base, Scalar(k))


@few
@given(names, small, st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
def test_products_of_ciphertexts_add_their_plaintexts(name, r, m, n, weight):
    group = GROUPS[name]
    x = scalar(group, r + 7)
    y = group.shared(group.gpow(x))
    one, two = encrypt(group, y, scalar(group, r), m), encrypt(group, y, scalar(group, r + 1), n)
    total = multiply(group, one, raise_to(group, two, weight))
    opened = group.div(total.beta, group.pow(total.alpha, x))
    assert discrete_logarithms(group, [opened], 400) == [m + n * weight]
    with pytest.raises(Refused):
        discrete_logarithms(group, [group.gpow(Scalar(401))], 400)


@few
@given(st.sampled_from(["Ed25519", "RFC-3526-2048"]), st.lists(st.integers(0, 255), min_size=1, max_size=8))
def test_rankings_survive_their_encoding(name, values):
    group = GROUPS[name]
    point = group.encode(values)
    group.check_point(point)
    assert group.decode(point, len(values)) == values


@pytest.mark.parametrize("values", [[], [256], [-1], [0] * 31])
def test_rankings_that_do_not_fit_are_refused(values):
    with pytest.raises(Refused) as refused:
        CURVE.encode(values)
    assert refused.value.check is Check.BALLOT_CHOICES


@st.composite
def questions_and_choices(draw):
    answers = draw(st.integers(1, 4))
    most = draw(st.integers(0, answers))
    least = draw(st.integers(0, most))
    blank = draw(st.booleans())
    question = Homomorphic("Q", tuple("ABCD"[:answers]), least, most, blank)
    if blank and draw(st.booleans()):
        return question, [1] + [0] * answers
    count = draw(st.integers(least, most))
    chosen = draw(st.permutations([1] * count + [0] * (answers - count)))
    return question, [0] * blank + list(chosen)


@settings(max_examples=25)
@given(questions_and_choices(), st.lists(st.integers(0, 255), min_size=2, max_size=5))
def test_every_allowed_choice_makes_a_ballot_that_is_accepted(question_and_choice, ranking):
    question, choice = question_and_choice
    ranked = Ranked("R", tuple("ABCDE"[: len(ranking)]))
    world = World(CURVE, questions=(question, ranked), voters=1, trustees=1)
    record = make_ballot(world.election, world.credentials[0], [choice, ranking], secrets.randbelow)
    ballot = accept_ballot(world.election, record, world.roll)
    assert ballot.record == record
    assert len(set(ballot.ciphertext_digests)) == len(choice) + 1


@settings(max_examples=25)
@given(questions_and_choices(), st.lists(st.integers(-1, 2), min_size=1, max_size=6))
def test_no_other_choice_makes_a_ballot(question_and_choice, other):
    question, _ = question_and_choice
    chosen = sum(other[question.blank :])
    allowed = len(other) == question.slots and set(other) <= {0, 1}
    if allowed and question.blank and other[0]:
        allowed = chosen == 0
    elif allowed:
        allowed = question.min <= chosen <= question.max
    if not allowed:
        with pytest.raises(Refused) as refused:
            question.check_choice(other)
        assert refused.value.check is Check.BALLOT_CHOICES
    else:
        question.check_choice(other)


@given(st.integers(0, 10**18))
def test_weights_are_written_one_way(number):
    assert weight_value(weight_json(number), Check.RECORD_FORM) == number
    with pytest.raises(Refused):
        weight_value(str(number) if number < 2**30 else number, Check.RECORD_FORM)


records = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**11) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@settings(max_examples=40)
@given(records)
def test_compact_json_reads_back(value):
    assert read_json(compact(value)) == value == json.loads(compact(value))


@given(st.lists(st.binary(max_size=2), max_size=40))
def test_what_stands_twice_is_found(entries):
    found = Distinct()
    for place, entry in enumerate(entries):
        found.add(entry, place)
    place = found.repeated()
    assert (place is None) is (len(set(entries)) == len(entries))
    assert place is None or entries[place] in entries[:place]
