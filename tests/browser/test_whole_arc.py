"""From a demand to a kept promise, in one walk on telephones by keyboard alone.

Two members, two organizers and two trustees, each at a browser; the union's own scheduler moves what is due. Where
a form takes no moment as near as a test needs it, the stored moment is moved, never the page a person would use.
"""

import pytest

from tests.browser import arc_action, arc_demand, arc_table
from tests.browser.arc import setting_out

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_a_demand_to_a_kept_promise(people, union, tmp_path):
    walk = setting_out(people, union)
    arc_demand.start_a_campaign(walk)
    arc_demand.debate(walk)
    arc_demand.adopt_and_freeze(walk)
    arc_demand.ask_for_hands(walk)
    arc_demand.pledge_and_tip(walk)
    arc_action.call_the_vote(walk, tmp_path)
    arc_action.plan_a_vote_and_call_off(walk)
    arc_action.plan_and_release(walk)
    arc_action.act_and_learn(walk)
    arc_table.sit_down(walk)
    arc_table.offer_and_counter(walk)
    arc_table.write_and_ratify(walk)
    arc_table.hold_them_to_it(walk)
    arc_table.renew_in_time(walk)
