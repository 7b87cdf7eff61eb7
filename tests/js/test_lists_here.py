"""The browser's check of questions on lists: what holds for our verifier holds here, what does not is refused by the same name."""

import pytest

from tests.js.forging import archive, browser, failed
from tests.rules.crypto.lists import COMMITTEE, HOURS, lists_world
from tests.rules.crypto.tampering import Tape
from tests.rules.crypto.test_lists import ANSWERS, ARCHIVES, RESULTS, forgery
from union.ballots.crypto import verify


def of_a_kind(theirs, ours):
    """Equal names, but what only lacks the form may be refused as a wrong record of the same kind, and the other way."""
    kind, _, what = ours.partition("-")
    return theirs == ours or (what == "form" and theirs.startswith(kind)) or ours.startswith("point")


@pytest.fixture(scope="module")
def worlds():
    return {
        "Ed25519": lists_world(questions=(HOURS, COMMITTEE)),
        "BELENIOS-2048": lists_world("BELENIOS-2048"),
        "weighted": lists_world(weights=(1, 2, 3, 2**31)),
    }


def test_elections_on_lists_hold(tmp_path, worlds):
    paths = []
    for name, world in worlds.items():
        paths.append(tmp_path / f"{name}.bel")
        paths[-1].write_bytes(world.archive())
    first, *others = browser(*paths, archive("lists"))
    assert first["result"] == [[4, 0], RESULTS]
    for report in (first, *others):
        assert report["holds"], report["findings"]


def test_tampered_lists_are_refused_for_the_same_reason(tmp_path):
    whole = lists_world()
    made = {name: forgery(whole, name) for name in ANSWERS}
    made |= {name: tamper(Tape(whole)).bytes() for name, (tamper, _) in ARCHIVES.items()}
    paths = []
    for i, content in enumerate(made.values()):
        paths.append(tmp_path / f"{i}.bel")
        paths[-1].write_bytes(content)
    for name, path, report in zip(made, paths, browser(*paths), strict=True):
        [ours] = verify(path).failures
        assert not report["holds"], name
        [theirs] = failed(report)
        assert of_a_kind(theirs, ours.failed), (name, theirs, ours.failed)
