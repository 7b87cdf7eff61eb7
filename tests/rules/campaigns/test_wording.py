"""Frozen words and comparisons."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from union.campaigns import wording

FACTS = {"pledge": "I stop", "demand": "Pay", "demands": ["b", "a"], "unit": 600, "threshold": 450}


def test_the_hash_is_of_bytes_anybody_can_hash():
    content = wording.canonical(**FACTS)
    assert content == b'{"demand":"Pay","demands":["a","b"],"pledge":"I stop","threshold":450,"unit":600}'
    assert wording.digest(content) == hashlib.sha256(content).hexdigest()


def test_every_fact_changes_it():
    before = wording.canonical(**FACTS)
    for name, other in [
        ("pledge", "I stop."),
        ("demand", "pay"),
        ("demands", ["a"]),
        ("unit", 601),
        ("threshold", 449),
    ]:
        assert wording.canonical(**{**FACTS, name: other}) != before
    assert wording.demand_hash("a", "b\nc") != wording.demand_hash("a\nb", "d")


@given(st.text(alphabet="ab \n", max_size=40), st.text(alphabet="ab \n", max_size=40))
def test_a_comparison_gives_both_texts_back(before, then):
    pieces = wording.compare(before, then)
    assert "".join(p.text for p in pieces if p.kind != "removed") == then
    assert "".join(p.text for p in pieces if p.kind != "added") == before


def test_a_comparison_reads_by_words():
    pieces = wording.compare("pay four euro", "pay five euro")
    assert [(p.kind, p.text) for p in pieces] == [
        ("same", "pay "),
        ("removed", "four"),
        ("added", "five"),
        ("same", " euro"),
    ]
