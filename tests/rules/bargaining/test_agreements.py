"""The life of an agreement, its text and hash, and what counts of grievances may be shown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from union.bargaining.rules import agreements, grievances, wording
from union.bargaining.rules.agreements import Clause, Every, Kept, Obligation, Side, State, Terms, Turn
from union.core.errors import Closed, Invalid


def terms(**facts):
    return Terms(
        **{
            "title": "Agreement with Rijder", "union_party": "Datavakbond", "platform_party": "Rijder B.V.", "preamble": "",
            "starts_on": date(2026, 12, 1), "ends_on": date(2027, 11, 30), "clauses": (Clause(1, "Price", "A floor."),),
            "obligations": (Obligation(1, "Publish the floor", Side.PLATFORM, date(2027, 1, 1)),), **facts,
        }
    )  # fmt: skip


class TestTurns:
    @pytest.mark.parametrize("state", list(State))
    @pytest.mark.parametrize("turn", list(Turn))
    def test_every_turn_leads_somewhere_or_is_refused_by_name(self, state, turn):
        if agreements.possible(state, turn):
            assert agreements.after(state, turn) in State
        else:
            with pytest.raises(Closed) as refused:
                agreements.after(state, turn)
            assert len(str(refused.value)) > 15

    def test_what_is_over_stays_over(self):
        assert not any(agreements.possible(state, turn) for state in agreements.OVER for turn in Turn)

    def test_nothing_is_in_force_that_members_did_not_ratify(self):
        """Walk the table backwards from in force: the only way in is through a vote."""
        into = {s: [(a, t) for (a, t), b in agreements.TRANSITIONS.items() if b is s] for s in State}
        assert into[State.IN_FORCE] == [(State.RATIFIED, Turn.ENTER)]
        assert into[State.RATIFIED] == [(State.RATIFYING, Turn.RATIFY)]
        assert into[State.RATIFYING] == [(State.TENTATIVE, Turn.LAUNCH), (State.REJECTED, Turn.ASK_AGAIN)]


class Life(RuleBasedStateMachine):
    """Any turns in any order: the text only changes in a draft, and only a ratified text comes into force."""

    @initialize()
    def begin(self):
        self.state, self.text, self.frozen, self.ratified = State.DRAFT, 0, None, None

    @rule(turn=st.sampled_from(Turn))
    def turn(self, turn):
        try:
            then = agreements.after(self.state, turn)
        except Closed:
            return
        if turn is Turn.AGREE:
            self.frozen = self.text
        if turn is Turn.RATIFY:
            self.ratified = self.frozen
        if turn is Turn.REOPEN:
            self.frozen = None
        self.state = then

    @rule()
    def edit(self):
        if self.state in agreements.EDITABLE:
            self.text += 1

    @invariant()
    def the_words_in_force_are_the_words_voted_on(self):
        if getattr(self, "state", None) in {State.IN_FORCE, State.ENDED}:
            assert self.ratified == self.frozen == self.text
        if getattr(self, "state", None) in {State.TENTATIVE, State.RATIFYING, State.RATIFIED}:
            assert self.frozen == self.text


TestLife = Life.TestCase


class TestTerms:
    @pytest.mark.parametrize(
        ("facts", "field", "words"),
        [
            ({"platform_party": " "}, "platform_party", "both parties"),
            ({"clauses": ()}, "clauses", "at least one clause"),
            ({"clauses": (Clause(1, "", "x"),)}, "clauses", "Clause 1"),
            ({"ends_on": date(2026, 11, 1)}, "ends_on", "ends before"),
            (
                {"obligations": (Obligation(2, "x", Side.UNION, date(2027, 1, 1)),)},
                "obligations",
                "no clause 2",
            ),
            (
                {"obligations": (Obligation(1, "x", Side.UNION, date(2026, 1, 1)),)},
                "obligations",
                "before the agreement",
            ),
        ],
    )
    def test_what_is_missing_is_named(self, facts, field, words):
        with pytest.raises(Invalid, match=words) as refused:
            agreements.check_terms(terms(**facts))
        assert refused.value.field == field

    def test_the_text_says_it_all(self):
        text = wording.agreement_text(terms(), lambda t, **f: t % f if f else t)
        for words in (
            "Datavakbond",
            "Rijder B.V.",
            "2026-12-01",
            "2027-11-30",
            "1. Price",
            "A floor.",
            "Publish the floor",
        ):
            assert words in text
        open_ended = wording.agreement_text(
            terms(ends_on=None, obligations=()), lambda t, **f: t % f if f else t
        )
        assert "Without a fixed end." in open_ended

    def test_every_word_counts(self):
        def digest(**facts):
            return wording.digest(wording.agreement_text(terms(**facts), lambda t, **f: t % f if f else t))

        changes = (
            {}, {"title": "x"}, {"platform_party": "x"}, {"preamble": "x"}, {"starts_on": date(2026, 12, 2)}, {"ends_on": None},
            {"clauses": (Clause(1, "Price", "A floor!"),)},
            {"obligations": (Obligation(1, "Publish the floor", Side.PLATFORM, date(2027, 1, 1), Every.MONTH),)},
        )  # fmt: skip
        assert len({digest(**change) for change in changes}) == len(changes)

    @given(st.text())
    def test_tidying_twice_is_tidying_once(self, text):
        assert wording.tidy(wording.tidy(text)) == wording.tidy(text)

    def test_browsers_line_ends_do_not_change_the_hash(self):
        assert wording.tidy("a \r\nb\r\n\r\n") == wording.tidy("a\nb")

    def test_a_place_nothing_fills(self):
        assert wording.fill("Dear ((platform)),", {"platform": "Rijder"}) == "Dear Rijder,"
        with pytest.raises(Invalid, match="sender"):
            wording.fill("((sender))", {})


class TestObligations:
    def test_late_only_after_the_day_and_with_a_note(self):
        agreements.check_obligation(Kept.OPEN, Kept.KEPT, due_passed=False, note="Seen on their site")
        agreements.check_obligation(Kept.OPEN, Kept.LATE, due_passed=True, note="Not there")
        agreements.check_obligation(Kept.BREACHED, Kept.KEPT, due_passed=True, note="Done after all")
        with pytest.raises(Invalid, match="not due yet"):
            agreements.check_obligation(Kept.OPEN, Kept.BREACHED, due_passed=False, note="x")
        with pytest.raises(Invalid, match="what you saw"):
            agreements.check_obligation(Kept.OPEN, Kept.KEPT, due_passed=True, note=" ")
        with pytest.raises(Closed, match="found kept"):
            agreements.check_obligation(Kept.KEPT, Kept.LATE, due_passed=True, note="x")


class TestGrievances:
    @pytest.mark.parametrize("state", list(grievances.State))
    @pytest.mark.parametrize("turn", list(grievances.Turn))
    def test_every_turn(self, state, turn):
        if turn in grievances.possible(state):
            assert grievances.after(state, turn) in grievances.State
        else:
            with pytest.raises(Closed):
                grievances.after(state, turn)

    @given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 40), min_size=1))
    def test_no_small_number_is_shown_nor_can_be_worked_out(self, counts):
        shown = grievances.shown(counts)
        assert all(n is None or n >= 10 for n in shown.cells.values())
        assert shown.total is None or shown.total >= 10
        hidden = [name for name, n in shown.cells.items() if n is None and counts[name]]
        if shown.total is not None and len(counts) > 1:
            assert len(hidden) != 1 or all(n is None for n in shown.cells.values())
