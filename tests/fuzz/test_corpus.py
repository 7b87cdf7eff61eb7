"""What an hour of fuzzing tried hardest, and whatever it ever found, once more in every run."""

import pytest

from tests.fuzz.targets import FOLDER, TARGETS, seeds, worlds

KEPT = [(path.parent.name, path.name) for path in sorted(FOLDER.glob("*/*"))]


@pytest.mark.parametrize(("target", "name"), KEPT)
def test_what_was_kept(target, name):
    TARGETS[target]((FOLDER / target / name).read_bytes())


@pytest.mark.parametrize("target", ["archive", "record", "ballot", "text"])
def test_good_input_and_its_cut_off_beginnings(target):
    for seed in seeds(target):
        for length in {len(seed), len(seed) - 1, len(seed) // 2, 1}:
            TARGETS[target](seed[:length])


def test_planted_fault_a_box_that_takes_everything_is_found(monkeypatch):
    monkeypatch.setattr("tests.fuzz.targets.accept_ballot", lambda *_: None)
    with pytest.raises(AssertionError, match="nobody made"):
        TARGETS["ballot"](seeds("ballot")[0][:-1])


def teardown_module():
    worlds().close()
    worlds.cache_clear()
