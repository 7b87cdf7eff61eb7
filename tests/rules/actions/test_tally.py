import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.actions.rules import calendar, kits, tally
from union.actions.rules.states import NEXT, Kind, Mark, State, may_become, require_next
from union.core.errors import Conflict, Invalid
from union.core.i18n import translate

COUNTS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 40), max_size=8)


@given(COUNTS)
def test_no_small_number_is_shown_nor_can_be_worked_out(counts):
    shown = tally.cells(counts)
    known = [cell.count for cell in shown if cell.count is not None]
    assert all(count >= tally.SMALL for count in known)
    rest = sum(counts.values()) - sum(known)
    hidden = [cell for cell in shown if cell.count is None]
    assert rest == 0 or (hidden and len(shown) == 1), (
        "a rest below ten stands alone, so no total reveals a part"
    )
    assert sum(known) + rest == sum(counts.values())


def test_cells_by_example():
    assert tally.cells({"a": 30, "b": 12, "c": 3}) == (tally.Cell("a", 30), tally.Cell("", 15))
    assert tally.cells({"a": 30, "b": 9, "c": 3}) == (tally.Cell("a", 30), tally.Cell("", 12))
    assert tally.cells({"a": 3}) == (tally.Cell("", None),)
    assert tally.cells({"a": 12}) == (tally.Cell("a", 12),)
    assert tally.cells({}) == ()


def test_marks_say_nothing_without_their_key():
    one = tally.mark_of(b"k" * 32, Mark.OUT, "ayla")
    assert one == tally.mark_of(b"k" * 32, Mark.OUT, "ayla")
    assert (
        len({one, tally.mark_of(b"l" * 32, Mark.OUT, "ayla"), tally.mark_of(b"k" * 32, Mark.DONE, "ayla")})
        == 3
    )


def test_in_time_is_the_first_quarter_of_an_hour():
    assert tally.span_of(-30) == 0
    assert tally.in_time({tally.span_of(899): 4, tally.span_of(900): 7}) == 4


def test_the_states():
    for before, then in NEXT.items():
        if before not in {State.ENDED, State.DEBRIEFED, State.CANCELLED, State.POSTPONED}:
            assert {State.POSTPONED, State.CANCELLED} <= then, "stopped from anywhere before the end"
    assert not may_become(State.SCHEDULED, State.LIVE), "nothing goes live without being armed"
    assert [state for state in State if may_become(state, State.LIVE)] == [State.ARMED]
    with pytest.raises(Conflict):
        require_next(State.ENDED, State.CANCELLED)


def test_every_kind_has_a_kit_in_dutch():
    for kind in Kind:
        kit = kits.KITS[kind]
        assert kit.steps
        for text in (kit.name, kit.hint, *kit.before, *kit.steps):
            assert translate("nl", text) != text, text


def test_steps_kept_unchanged_stay_translatable():
    offered = [translate("nl", step) for step in kits.KITS[Kind.LOG_OFF].steps]
    typed = kits.lines_of("\n- ".join([*offered, "Eigen stap"]))
    kept = kits.unchanged(typed, lambda step: translate("nl", step))
    assert kept == [*kits.KITS[Kind.LOG_OFF].steps, "Eigen stap"]
    with pytest.raises(Invalid):
        kits.lines_of("\n".join("x" for _ in range(21)))


def test_a_calendar_file():
    from datetime import UTC, datetime

    event = calendar.Event(
        uid="a1@unie.example", version=2, title="Samen; uit, nu", text="1. Ga offline.\n2. Blijf \\ weg. " + "é" * 60,
        url="https://unie.example/actions/samen-uit", starts_at=datetime(2026, 12, 1, 17, tzinfo=UTC), ends_at=None,
        cancelled=True,
    )  # fmt: skip
    text = calendar.write(event, now=datetime(2026, 11, 23, tzinfo=UTC))
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded = text.replace("\r\n ", "")
    assert "SUMMARY:Samen\\; uit\\, nu\r\n" in unfolded
    assert "1. Ga offline.\\n2. Blijf \\\\ weg." in unfolded
    assert "DTSTART:20261201T170000Z\r\n" in unfolded
    assert "DTEND" not in unfolded
    assert "STATUS:CANCELLED" in unfolded
    assert "SEQUENCE:2" in unfolded


@given(st.text())
def test_nothing_typed_breaks_out_of_its_calendar_line(text):
    assert "\n" not in calendar.escape(text)
    assert "\r" not in calendar.escape(text)
