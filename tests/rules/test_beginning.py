"""What a new union sets up first."""

from union.home.beginning import STEPS, steps

NOTHING = dict.fromkeys(STEPS, 0)


def test_a_new_union_sees_every_step():
    assert [one.done for one in steps(NOTHING)] == [False] * len(STEPS)


def test_two_trustees_are_not_three():
    found = {one.step: one.done for one in steps({**NOTHING, "trustees": 2, "organizers": 2})}
    assert not found[STEPS["trustees"]]
    assert found[STEPS["organizers"]]


def test_the_list_goes_when_everything_is_there():
    assert steps({name: step.needed for name, step in STEPS.items()}) == ()
