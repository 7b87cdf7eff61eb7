"""How many texts may go home in an hour."""

import pytest

from union.members.rules.limits import TEXTS_PER_COUNTRY_AT_HOME, texts_at_home


@pytest.mark.parametrize(
    ("members", "texts"), [(0, 2_000), (8_000, 2_000), (8_003, 2_000), (8_004, 2_001), (100_000, 25_000)]
)
def test_texts_at_home_follow_the_members(members, texts):
    found = texts_at_home(members)
    assert found.times == texts
    assert (found.name, found.window) == (TEXTS_PER_COUNTRY_AT_HOME.name, TEXTS_PER_COUNTRY_AT_HOME.window)
