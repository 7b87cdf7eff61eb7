"""The life of a campaign, explored by a rule-based state machine, and each refusal by name."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from union.campaigns import rules
from union.campaigns.rules import ENDED, SIGNED, TRANSITIONS, DemandStatus, Kind, Stage, Turn, after, possible
from union.core.errors import Closed


class Life(RuleBasedStateMachine):
    """A campaign with its facts kept beside it: whatever is tried, the stage never contradicts them."""

    def __init__(self):
        super().__init__()
        self.stage = Stage.DRAFT
        self.kind = Kind.ACTION
        self.published = self.settled = self.mandate = False

    @initialize(kind=st.sampled_from(list(Kind)))
    def choose(self, kind):
        self.kind = kind

    @rule(turn=st.sampled_from(list(Turn)))
    def attempt(self, turn):
        before = self.stage
        try:
            self.stage = after(before, turn, self.kind)
        except Closed as refusal:
            assert refusal.text
            assert not possible(before, turn, self.kind)
            assert self.stage is before
            return
        assert possible(before, turn, self.kind)
        self.published |= turn is Turn.PUBLISH
        if turn in {Turn.TIP, Turn.FALL_SHORT}:
            assert before is Stage.GATHERING
            self.settled = True
        if turn is Turn.GATHER_AGAIN:
            self.settled = False
        if turn is Turn.GRANT:
            assert before is Stage.BALLOT
            self.mandate = True
        if turn is Turn.EXPIRE:
            self.mandate = False

    @invariant()
    def nothing_is_public_before_publication(self):
        assert self.published or self.stage in {Stage.DRAFT, Stage.CLOSED}

    @invariant()
    def no_vote_before_the_round_settled(self):
        if self.stage in {Stage.TIPPED, Stage.FELL_SHORT, Stage.BALLOT, Stage.MANDATED}:
            assert self.settled

    @invariant()
    def signatures_lead_to_no_vote_and_no_action(self):
        if self.kind in SIGNED:
            assert not self.settled
            assert self.stage not in {Stage.TIPPED, Stage.BALLOT, Stage.MANDATED, Stage.ACTING}
        else:
            assert self.stage is not Stage.SIGNED

    @precondition(lambda self: self.stage in ENDED)
    @rule(turn=st.sampled_from(list(Turn)))
    def an_end_is_an_end(self, turn):
        with pytest.raises(Closed) as refused:
            after(self.stage, turn, self.kind)
        assert refused.value.text == rules.OVER


TestLife = Life.TestCase


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("turn", list(Turn))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_pair_is_decided(stage, turn, kind):
    if possible(stage, turn, kind):
        assert after(stage, turn, kind) is TRANSITIONS[stage, turn]
    else:
        with pytest.raises(Closed, match=r"\.$"):
            after(stage, turn, kind)


@pytest.mark.parametrize("kind", sorted(SIGNED))
def test_a_petition_never_launches_a_vote(kind):
    with pytest.raises(Closed, match="signatures"):
        after(Stage.BARGAINING, Turn.LAUNCH_VOTE, kind)
    assert after(Stage.BARGAINING, Turn.LAUNCH_VOTE) is Stage.BALLOT


def test_only_those_who_chose_it_are_named():
    assert rules.shown("Sanne", "Utrecht", public=True) == rules.Named("Sanne", "Utrecht")
    assert rules.shown("Sanne", "Utrecht", public=False) is None


def test_refusals_say_what_to_do():
    for stage, words in [
        (Stage.DRAFT, "Publish it"),
        (Stage.GATHERING, "settled"),
        (Stage.FELL_SHORT, "Gather again"),
        (Stage.BALLOT, "under way"),
        (Stage.MANDATED, "in force"),
    ]:
        with pytest.raises(Closed, match=words):
            after(stage, Turn.LAUNCH_VOTE)
    with pytest.raises(Closed, match="Launch a strike vote first"):
        after(Stage.TIPPED, Turn.ACT)


def test_acting_only_follows_a_mandate():
    ways = {stage for (stage, turn), then in TRANSITIONS.items() if then is Stage.ACTING}
    assert ways == {Stage.MANDATED, Stage.ACTING, Stage.BARGAINING}


def test_every_stage_can_be_reached():
    reached, waiting = set(), [Stage.DRAFT]
    while waiting:
        stage = waiting.pop()
        reached.add(stage)
        waiting += [then for (at, _), then in TRANSITIONS.items() if at is stage and then not in reached]
    assert reached == set(Stage)


def test_demands_take_only_known_steps():
    assert set(rules.DEMAND_MOVES) == set(DemandStatus)
    rules.demand_may(DemandStatus.PROPOSED, DemandStatus.ADOPTED)
    for before, then in [
        ("conceded", "draft"),
        ("merged", "proposed"),
        ("draft", "adopted"),
        ("proposed", "conceded"),
    ]:
        with pytest.raises(Closed):
            rules.demand_may(DemandStatus(before), DemandStatus(then))


@pytest.mark.parametrize(("unit", "threshold"), [(1, 1), (2, 2), (4, 3), (5, 4), (600, 450), (601, 451)])
def test_the_threshold_suggested_is_three_quarters(unit, threshold):
    assert rules.suggested_threshold(unit) == threshold
    assert 4 * threshold >= 3 * unit
    assert rules.expected(600) == 450
