"""Presets are dated data with a source: what each must say, which version holds when, what happens past the review."""

import re
from datetime import date

import pytest

from union.ballots import presets
from union.ballots.rules import Of
from union.core import i18n
from union.core.errors import Invalid

ALL = list(presets.presets().values())
FACTS = {
    "id": "x",
    "name": "X",
    "summary": "X.",
    "jurisdiction": "internal",
    "applies_to": "internal rule",
    "kind": "strike_vote",
    "denominator": "cast",
    "threshold": {"num": 1, "den": 2, "strict": True},
    "source_title": "S",
    "source_url": "",
    "source_date": "2026",
    "as_of": date(2026, 8, 1),
    "review_by": date(2027, 8, 1),
    "confidence": "high",
}


@pytest.mark.parametrize("preset", ALL, ids=lambda p: p.id)
def test_each_says_what_it_measures_and_where_it_comes_from(preset):
    assert preset.kind in {"strike_vote", "ratification", "demands", "recognition", "notice"}
    assert preset.denominator in set(Of)
    assert preset.source_title
    assert preset.source_date
    assert isinstance(preset.as_of, date)
    assert preset.as_of < preset.review_by
    assert preset.confidence in {"high", "medium", "low"}
    assert preset.applies_to in {"employees", "self-employed platform workers", "consumers", "internal rule"}
    assert re.fullmatch(r"internal|[A-Z]{2}(-[A-Z]{2,3})?", preset.jurisdiction)
    assert (preset.threshold is None) == (preset.denominator is Of.NONE)
    assert preset.for_ballots == (preset.kind in {"strike_vote", "ratification", "demands"})
    assert preset.source_url == "" or preset.source_url.startswith("https://")


@pytest.mark.parametrize("preset", ALL, ids=lambda p: p.id)
def test_each_is_in_dutch_too(preset):
    for text in (preset.name, preset.summary, preset.banner):
        assert not text or i18n.translate("nl", text) != text, text


@pytest.mark.parametrize(
    "missing", ["kind", "denominator", "source_title", "as_of", "review_by", "confidence"]
)
def test_a_preset_without_its_facts_is_no_preset(missing):
    with pytest.raises((TypeError, KeyError)):
        presets.read({name: value for name, value in FACTS.items() if name != missing})


def test_an_unknown_field_or_share_is_refused():
    with pytest.raises(TypeError):
        presets.read({**FACTS, "percentage": 50})
    with pytest.raises(ValueError, match="no share"):
        presets.read({**FACTS, "threshold": {"num": 3, "den": 2}})


def test_the_required_ones_are_there():
    found = presets.presets()
    rule = found["union-default"]
    assert (rule.threshold.num, rule.threshold.den, rule.threshold.strict) == (1, 2, True)
    assert (rule.turnout.num, rule.turnout.den, rule.turnout.strict) == (1, 2, False)
    assert (rule.window_days, rule.action_notice.n, rule.mandate_months) == (7, 7, 6)
    assert {
        "simple-majority",
        "two-thirds-cast",
        "de-75-eligible",
        "de-25-accept",
        "us-uaw-two-thirds",
        "au-fw-459",
        "ratification-simple-majority",
    } <= set(found)


def test_great_britain_by_opening_date():
    assert presets.in_force("gb-tulrca", date(2026, 2, 17)).mandate_months == 6
    assert presets.in_force("gb-tulrca", date(2026, 2, 18)).mandate_months == 12
    with pytest.raises(Invalid):
        presets.in_force("gb-tulrca-2025-12", date(2026, 2, 18))
    with pytest.raises(Invalid):
        presets.in_force("gb-tulrca-important", date(2026, 2, 18))


def test_what_asks_for_no_vote_is_no_rule_for_a_ballot():
    assert "se-varsel" not in presets.selectable()
    with pytest.raises(Invalid):
        presets.in_force("se-varsel", date(2026, 11, 23))
    with pytest.raises(Invalid):
        presets.in_force("no-such-rule", date(2026, 11, 23))


def test_stale_from_the_day_after_the_review_date():
    rule = presets.presets()["union-default"]
    assert not rule.stale(rule.review_by)
    assert rule.stale(rule.review_by.replace(day=rule.review_by.day + 1))


def test_a_rule_serves_the_kind_it_was_made_for():
    found = presets.presets()
    assert found["union-default"].suits("strike_vote")
    assert found["union-default"].suits("general")
    assert found["union-default"].suits("demands")
    assert not found["union-default"].suits("ratification")
    assert found["de-25-accept"].suits("ratification")
    assert not found["de-25-accept"].suits("general")
    with pytest.raises(Invalid, match="not made for a strike vote") as refusal:
        presets.check_kind(found["de-25-accept"], "strike_vote")
    assert refusal.value.field == "preset"
