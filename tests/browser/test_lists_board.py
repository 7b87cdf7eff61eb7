"""The board's check of a ballot on lists in Chromium, on a phone: it tells how far it is, what it found, and what is forged."""

import pytest
from playwright.sync_api import expect

from tests.browser.booth_pages import KAT, Booth, Seen, Served, make_app
from tests.browser.looking import AXE, PHONE, Ear, everything
from tests.rules.crypto.elections import VECTORS
from tests.rules.crypto.lists import COMMITTEE, HOURS, lists_world
from tests.rules.crypto.tampering import Tape
from tests.rules.crypto.test_lists import ANSWERS, ARCHIVES, forgery
from union.ballots.crypto import verify
from union.ballots.crypto.canonical import sha256_base64

pytestmark = pytest.mark.browser

PATIENCE = 120_000
COUNTED = [
    *(("Red", "", 2), ("Red", " · Ann", 1), ("Red", " · Bo", 1), ("Blue", "", 1), ("Blue", " · Cy", 1)),
    *(("Green", "", 1), ("Green", " · Di", 1), ("Green", " · Eva", 1), ("Green", " · Flo", 1)),
]
# A slice of work may end several steps: what the page said in between is read from the changes themselves.
WATCH = """() => {
  const bar = document.querySelector("[data-part=progress]");
  window.told = [];
  window.bar = {values: [], seen: []};
  new MutationObserver((changes) => changes.forEach(({addedNodes}) => window.told.push(...[...addedNodes].map((n) => n.data))))
    .observe(document.querySelector("[data-part=now]"), {childList: true});
  new MutationObserver((changes) => {
    window.bar.values.push(...changes.map(({oldValue}) => Number(oldValue)));
    window.bar.seen.push(bar.checkVisibility());
  }).observe(bar, {attributeFilter: ["value"], attributeOldValue: true});
}"""


class Reader:
    """Somebody on the board's page with a phone. The archive is whatever the server holds at the moment."""

    def __init__(self, chromium, settings):
        settings.home.mkdir(parents=True, exist_ok=True)
        self.seen = Seen()
        booth = Booth(KAT["Ed25519"]["deterministic_ballots"]["election_json"], "Ed25519")
        self.served = Served(make_app(settings, booth, self.seen)).__enter__()
        self.context = chromium.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, locale="en")
        self.page = self.context.new_page()
        self.ear = Ear().listen(self.page)

    def read(self, archive, tracker=""):
        self.seen.archive, self.seen.tracker = archive, tracker
        self.page.goto(f"{self.served.url}/board")
        self.page.evaluate(WATCH)

    def check(self, verdict):
        """Let the page check the archive, by keyboard; it is done with these words."""
        self.page.get_by_role("button", name="Check the archive").focus()
        self.page.keyboard.press("Enter")
        expect(self.page.locator("[data-part=verdict]")).to_have_text(verdict, timeout=PATIENCE)
        expect(self.page.locator("[data-part=verdict]")).to_be_focused()
        expect(self.page.locator("[data-part=working]")).to_be_hidden()

    def faults(self):
        self.page.evaluate(AXE.read_text())
        return everything(self.page)

    def close(self):
        self.context.close()
        self.served.__exit__()


@pytest.fixture
def reader(chromium, settings):
    reader = Reader(chromium, settings)
    yield reader
    assert reader.ear.heard() == []
    reader.close()


@pytest.fixture(scope="module")
def world():
    return lists_world(questions=(HOURS, COMMITTEE))


def test_lists_are_checked_to_the_end_with_a_bar_that_moves(reader, world):
    ballots = [Tape(world).record("Ballot", n) for n in range(5)]
    reader.read(world.archive(), sha256_base64(ballots[-1]))
    reader.check("Everything that is there holds")
    told, bar = reader.page.evaluate("[window.told, window.bar]")
    assert told[0] == "Reading the archive…"
    ballots_told = [words for words in dict.fromkeys(told) if words.startswith("Ballot ")]
    assert ballots_told == [f"Ballot {n} of 5" for n in range(1, 6)]
    assert told[-1].startswith("Trustee's share 2 of 2")
    assert len(set(bar["values"])) > len(ballots_told), "it moves within a ballot too"
    assert bar["seen"][0], "the bar is seen when it begins to move"
    rows = reader.page.locator("[data-part=list] li")
    expect(rows.locator(".box--agreed")).to_have_count(7)
    expect(rows.nth(2)).to_contain_text("5 ballots of 4 voters")
    expect(rows.last).to_contain_text("Your ballot is in the archive")
    results = reader.page.locator("[data-part=result] dd")
    expect(results.first.locator("p")).to_have_text(["Yes: 4", "No: 0"])
    expect(results.last.locator("p")).to_have_text(
        [f"{list_}{name}: {votes}" for list_, name, votes in COUNTED]
    )
    assert reader.faults() == []


def test_an_archive_that_another_program_made_too(reader):
    reader.read((VECTORS / "lists/swu4Qrxa29j7mT.bel").read_bytes(), "x" * 43)
    reader.check("Your ballot is not in the archive")
    expect(reader.page.locator("[data-part=list] .box--agreed")).to_have_count(6)
    expect(reader.page.locator("[data-part=list] .box--refused")).to_have_count(1)


FORGED = ("overall proof changed", "list proof changed", "nonzero proof missing")


@pytest.mark.parametrize("name", [*FORGED, *ARCHIVES])
def test_what_is_forged_is_refused_by_name(reader, tmp_path, name):
    whole = lists_world()
    content = forgery(whole, name) if name in ANSWERS else ARCHIVES[name][0](Tape(whole)).bytes()
    path = tmp_path / "forged.bel"
    path.write_bytes(content)
    [ours] = [finding.failed for finding in verify(path).failures]
    reader.read(content)
    reader.check("This archive does not hold")
    refused = reader.page.locator("[data-part=list] li", has=reader.page.locator(".box--refused"))
    expect(refused).to_have_count(1)
    kind, _, what = ours.partition("-")
    expect(refused).to_contain_text(f"{kind}-" if what == "form" else ours)
    after = refused.locator("~ li")
    expect(after.filter(has_text="not checked: it builds on what does not hold")).to_have_count(after.count())
    expect(reader.page.locator("[data-part=result]")).to_be_empty()
    assert reader.faults() == []
