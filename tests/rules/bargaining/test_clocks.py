"""When an answer is due: months, weekends, holidays, clock changes, and the letters that name such times."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.bargaining import letters
from union.bargaining.letters import Basis, Kind
from union.bargaining.rules import clocks
from union.bargaining.rules.clocks import Span, Unit
from union.core.errors import NotFound
from union.core.i18n import LANGUAGES, catalog

MONTH = Span(1, Unit.MONTHS)
days = st.dates(date(2024, 1, 1), date(2032, 1, 1))
zones = st.sampled_from(
    ["Europe/Amsterdam", "America/New_York", "Pacific/Chatham", "Africa/Cairo", "America/Santiago"]
)


class TestPeriods:
    @pytest.mark.parametrize(
        ("start", "span", "last"),
        [
            (date(2026, 11, 23), MONTH, date(2026, 12, 23)),
            (date(2026, 1, 31), MONTH, date(2026, 3, 2)),  # 28 February 2026 is a Saturday
            (date(2027, 1, 29), MONTH, date(2027, 3, 1)),  # 28 February 2027 is a Sunday
            (date(2028, 1, 31), MONTH, date(2028, 2, 29)),
            (date(2026, 11, 23), Span(3, Unit.MONTHS), date(2027, 2, 23)),
            (date(2026, 11, 23), Span(5, Unit.DAYS), date(2026, 11, 30)),  # 28 November is a Saturday
            (date(2026, 11, 20), Span(5, Unit.WORKING_DAYS), date(2026, 11, 27)),
        ],
    )
    def test_as_european_law_counts(self, start, span, last):
        assert clocks.last_day(start, span) == last

    def test_a_holiday_moves_the_end(self):
        christmas = {date(2026, 12, 25), date(2026, 12, 26)}
        assert clocks.last_day(date(2026, 11, 25), MONTH, christmas) == date(2026, 12, 28)
        assert clocks.last_day(date(2026, 12, 23), Span(2, Unit.WORKING_DAYS), christmas) == date(
            2026, 12, 28
        )

    @given(days, st.integers(1, 40), st.sampled_from(Unit))
    def test_it_ends_on_a_working_day_and_never_too_soon(self, start, n, unit):
        last = clocks.last_day(start, Span(n, unit))
        assert clocks.is_working(last)
        assert last > start
        if unit is Unit.DAYS:
            assert last >= start + timedelta(n)

    @given(days, zones)
    def test_a_day_ends_where_the_next_begins(self, day, zone):
        there = clocks.end_of(day, zone).astimezone(ZoneInfo(zone))
        assert there.date() == day + timedelta(1)
        before = (clocks.end_of(day, zone) - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
        assert before.date() in {day, day + timedelta(1)}

    def test_days_of_clock_changes(self):
        assert clocks.end_of(date(2026, 10, 25), "Europe/Amsterdam") == datetime(2026, 10, 25, 23, tzinfo=UTC)
        assert clocks.end_of(date(2026, 3, 29), "Europe/Amsterdam") == datetime(2026, 3, 29, 22, tzinfo=UTC)

    def test_the_day_is_the_one_in_their_zone(self):
        late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # the 24th in Amsterdam
        assert clocks.due(late, "Europe/Amsterdam", Span(1, Unit.DAYS)) == datetime(
            2026, 11, 25, 23, tzinfo=UTC
        )

    def test_a_rule_that_is_not_in_force_yet_starts_the_clock_later(self):
        sent = datetime(2026, 11, 23, 12, tzinfo=UTC)
        early = clocks.due(sent, "UTC", Span(14, Unit.DAYS), valid_from=date(2026, 12, 2))
        assert early == datetime(2026, 12, 17, tzinfo=UTC)
        after = clocks.due(sent + timedelta(30), "UTC", Span(14, Unit.DAYS), valid_from=date(2026, 12, 2))
        assert after == datetime(2027, 1, 7, tzinfo=UTC)


class TestLetters:
    @pytest.mark.parametrize("letter", letters.letters().values(), ids=lambda letter: letter.id)
    def test_each_is_dated_sourced_and_whole(self, letter):
        assert letter.source_title
        assert letter.source_url.startswith("https://")
        assert letter.as_of < letter.review_by
        assert letter.confidence in {"low", "medium", "high"}
        assert letter.caution
        assert set(letter.words) == set(LANGUAGES)
        for words in letter.words.values():
            assert "((deadline))" in words.body
            assert "((sender))" in words.body
            assert not any(
                word in words.body.casefold() for word in ("compensation", "damages", "schadevergoeding")
            )
        assert letters.thaw_span(letter.frozen()["clock"]) == letter.clock

    @pytest.mark.parametrize("letter", letters.letters().values(), ids=lambda letter: letter.id)
    def test_what_is_shown_about_it_is_known_in_dutch(self, letter):
        assert {letter.law, letter.caution, letter.confidence} <= set(catalog("nl"))

    def test_what_the_law_names_and_what_we_ask(self):
        found = letters.letters()
        assert found["gdpr-15-together"].basis is Basis.LAW
        assert (found["gdpr-15-together"].clock, found["gdpr-15-together"].extension) == (
            MONTH,
            Span(2, Unit.MONTHS),
        )
        assert {found[n].basis for n in ("pwd-9-information", "pwd-20-channel", "ultimatum")} == {Basis.OURS}
        assert found["pwd-9-information"].valid_from == date(2026, 12, 2)
        assert found["ultimatum"].kind is Kind.ULTIMATUM
        assert found["ultimatum"].stale(date(2027, 8, 2))

    @pytest.mark.parametrize(
        "fault",
        [
            lambda f: f.pop("source_url"), lambda f: f.pop("as_of"), lambda f: f.pop("nl"), lambda f: f.update(basis="rumour"),
            lambda f: f["en"].update(body="((nothing))"), lambda f: f.update(clock={"n": 1, "unit": "moons"}),
            lambda f: f.update(colour="red"),
        ],
    )  # fmt: skip
    def test_a_planted_fault_is_refused(self, fault):
        import tomllib
        from pathlib import Path

        facts = tomllib.loads((Path(letters.__file__).parent / "gdpr.toml").read_text())["letter"][0]
        letters.read(dict(facts))
        fault(facts)
        with pytest.raises((TypeError, KeyError, ValueError)):
            letters.read(facts)

    def test_unknown(self):
        with pytest.raises(NotFound):
            letters.letter("love-letter")
