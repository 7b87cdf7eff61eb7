"""Which news changes a message, and what each error means."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.core.i18n import catalog
from union.notify.rules import causes
from union.notify.rules.causes import Remedy, of_smtp, of_twilio, reason
from union.notify.rules.kinds import FINAL, State, may_become


@pytest.mark.parametrize(("now", "then"), list(product(sorted(FINAL), State)))
def test_final_states_never_change(now, then):
    assert not may_become(now, then)


@given(st.lists(st.sampled_from([State.ACCEPTED, State.DELIVERED, State.FAILED]), min_size=1))
def test_any_order_of_receipts_ends_with_the_first_final_one(receipts):
    state = State.SENDING
    for receipt in receipts:
        if may_become(state, receipt):
            state = receipt
    finals = [receipt for receipt in receipts if receipt in FINAL]
    assert state == (finals[0] if finals else State.ACCEPTED)


def test_nothing_moves_backwards():
    assert not may_become(State.ACCEPTED, State.SENDING)
    assert not may_become(State.ACCEPTED, State.UNKNOWN)
    assert not may_become(State.UNKNOWN, State.SENDING)
    assert may_become(State.UNKNOWN, State.ACCEPTED)


def test_only_what_is_provably_unsent_is_tried_again():
    again = {
        code for code, cause in causes.TWILIO.items() if cause.remedy in {Remedy.RETRY, Remedy.SLOW_DOWN}
    }
    assert again == {"20429", "63017", "63018"}
    assert of_twilio("99999").remedy is Remedy.GIVE_UP
    assert of_twilio(None, 429).remedy is Remedy.SLOW_DOWN


@pytest.mark.parametrize(
    ("code", "text", "remedy"),
    [(450, "", Remedy.RETRY), (421, "", Remedy.RETRY), (550, "5.1.1 no", Remedy.BAD_ADDRESS),
     (554, "5.7.1 spam", Remedy.GIVE_UP), (550, "", Remedy.BAD_ADDRESS), (552, "5.2.2 full", Remedy.GIVE_UP)],
)  # fmt: skip
def test_smtp(code, text, remedy):
    assert of_smtp(code, text).remedy is remedy


@pytest.mark.parametrize(
    "code", [*causes.TWILIO, *causes.OURS, "smtp 550 5.1.1 x", "smtp 450 x", "smtp x", "99999", "text"]
)
def test_every_code_has_a_reason_in_dutch(code):
    assert reason(code)
    assert reason(code) in catalog("nl")


def test_no_code_no_reason():
    assert reason(None) == ""
