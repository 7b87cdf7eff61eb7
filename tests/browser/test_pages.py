"""Every page of a running union in Chromium: within the screen, under the policy, accessible, as every role sees it.

What is found by following links is looked at twice, on a phone and on a desk, by day and by night in turn.
"""

from itertools import cycle
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from tests.browser import looking
from tests.browser.looking import DESK, PHONE, Ear
from union.app import create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROLES = ("visitor", "member", "trustee", "organizer", "officer")
FIRST = {
    "visitor": ["/", "/campaigns", "/join", "/join/name", "/sign-in", "/platforms", "/verify"],
    "member": ["/home", "/account", "/vouch"],
    "trustee": ["/home", "/ballots"],
    "organizer": ["/console", "/actions", "/campaigns", "/ballots", "/members", "/desk"],
    "officer": ["/console", "/members", "/members/import", "/members/export", "/console/audit"],
}
# Each stage of a campaign is a page of its own kind; these pages differ by who looks, too.
MANY = {
    "campaigns.page": 7, "campaigns.organize": 4, "ballots.page": 2, "campaigns.index": 1, "campaigns.demands": 1,
    "actions.page": 1, "actions.console": 1, "home.console": 1,
}  # fmt: skip
DUTCH = (
    "/", "/campaigns", "/campaigns/our-photos-are-not-training-data", "/join", "/ballots", "/verify", "/privacy",
)  # fmt: skip


class Looker:
    """Pages in Chromium as every role, with what they said to the console."""

    def __init__(self, chromium, union):
        self.union = union
        self.chromium = chromium
        self.contexts = {}
        self.ears = {}

    def page(self, role, locale="en"):
        """Return the role's page, signed in."""
        if (role, locale) not in self.contexts:
            context = self.chromium.new_context(viewport={"width": 1280, "height": 900}, locale=locale)
            context.add_init_script(path=looking.AXE)
            page = context.new_page()
            self.contexts[role, locale] = page
            self.ears[role, locale] = Ear().listen(page)
            if role != "visitor":
                page.goto(self.union.link(self.member(role)))
                page.locator("main form button").click()
        return self.contexts[role, locale]

    def member(self, role):
        people = self.union.people
        return {
            "member": people.member,
            "organizer": people.organizers[0],
            "trustee": people.trustees[0],
            "officer": people.officer,
        }[role]

    def close(self):
        for page in self.contexts.values():
            page.context.close()


@pytest.fixture(scope="module")
def lookers(chromium):
    """Contexts kept open over the tests of this file: signing in once a role is enough."""
    kept = {}
    yield kept
    for looker in kept.values():
        looker.close()


@pytest.fixture
def looker(lookers, chromium, union):
    if "one" not in lookers:
        lookers["one"] = Looker(chromium, union)
    return lookers["one"]


@pytest.fixture
def kind_of(union):
    """Tell which view serves a path; None for files, feeds and what only ever redirects."""
    urls = create_app(union.settings).url_map.bind("localhost")

    def kind(path):
        parts = urlsplit(path)
        if "page=" in parts.query or "lang=" in parts.query or "sort=" in parts.query:
            return None
        try:
            name, _ = urls.match(parts.path, "GET")
        except (HTTPException, RequestRedirect):
            return None
        return None if name.endswith(("static", "_json", "language")) else name

    return kind


def look(page, path, ear, schemes):
    """Return what is wrong with one page on a desk and on a phone."""
    found = []
    scheme = next(schemes)
    page.emulate_media(color_scheme=scheme)
    looking.size(page, DESK)
    answer = page.goto(path)
    if answer.status != 200:
        found.append(f"status {answer.status}")
    found += looking.everything(page)
    looking.size(page, PHONE)
    page.emulate_media(color_scheme=next(schemes) if scheme == "light" else scheme)
    found += [f"at 375: {one}" for one in looking.everything(page) if one not in found]
    return [f"{path} {one}" for one in found + ear.heard()]


SEEN = {}
ROLES_A_KIND = 3


def chosen(found, role):
    """Return the paths to look at as `role`: every kind of page once, those in MANY as several roles see them."""
    paths = []
    for kind, reached in found.items():
        roles = {who for who, _ in SEEN.get(kind, ())}
        if role in roles or len(roles) >= (ROLES_A_KIND if kind in MANY else 1):
            continue
        for path in reached[: 1 if roles else MANY.get(kind, 1)]:
            SEEN.setdefault(kind, []).append((role, path))
            paths.append(path)
    return paths


@pytest.mark.parametrize("role", ROLES)
def test_every_page_a_role_can_reach(looker, union, kind_of, role):
    page = looker.page(role)
    ear = looker.ears[role, "en"]
    ear.heard()
    found, wrong = looking.crawl(page.request, union.url, FIRST[role], kind_of, per_kind=max(MANY.values()))
    schemes = cycle(("light", "dark", "dark", "light"))
    for path in chosen(found, role):
        wrong += look(page, union.url + path, ear, schemes)
    assert not wrong, "\n".join(wrong)


def test_forty_pages_were_looked_at():
    """Not by luck: the tests before this one reached what people reach."""
    looked = [path for seen in SEEN.values() for _, path in seen]
    if not looked:
        pytest.skip("run with the rest of the file")
    print(f"{len(looked)} pages of {len(SEEN)} kinds: {sorted(SEEN)}")
    assert len(looked) >= 40
    must = {
        "home.front", "campaigns.page", "members.join_step", "home.mine", "members.account", "ballots.page",
        "ballots.board", "ballots.booth", "ballots.run", "actions.page", "actions.console", "notify.desk",
        "members.register", "campaigns.organize", "home.console",
    }  # fmt: skip
    assert must - set(SEEN) == set()


@pytest.mark.parametrize("path", DUTCH)
def test_in_dutch(looker, union, path):
    page = looker.page("visitor", "nl")
    ear = looker.ears["visitor", "nl"]
    found = look(page, union.url + path, ear, cycle(("light",)))
    assert page.locator("html").get_attribute("lang") == "nl"
    assert not found, "\n".join(found)


CAMPAIGN = "/campaigns/our-photos-are-not-training-data"
THREE = [("visitor", CAMPAIGN), ("member", f"{CAMPAIGN}/pledge"), ("organizer", "/console")]
by_three = pytest.mark.parametrize(("role", "path"), THREE, ids=["campaign", "pledge", "console"])


@by_three
@pytest.mark.parametrize("width", [640, 320], ids=["200-percent", "400-percent"])
def test_enlarged_everything_still_fits(looker, union, role, path, width):
    """A window of 1280 at 200 % is 640 wide; at 400 % it is 320 (WCAG 1.4.10)."""
    page = looker.page(role)
    looking.size(page, (width, 450))
    page.goto(union.url + path)
    found = looking.overflow(page) + looking.headings(page)
    looking.size(page, DESK)
    assert not found, "\n".join(found)


@by_three
def test_forced_colours_leave_edges_and_marks(looker, union, role, path):
    page = looker.page(role)
    page.emulate_media(forced_colors="active")
    page.goto(union.url + path)
    # The colours are the reader's own here, so that their contrast is not ours to judge.
    found = [one for one in looking.axe(page) if "color-contrast" not in one]
    edges = page.evaluate("""() => [...document.querySelectorAll(".button:not(.button--quiet), .input, .choice, .card, .tag")]
      .filter((e) => e.checkVisibility())
      .filter((e) => parseFloat(getComputedStyle(e).borderTopWidth) < 1).map((e) => e.outerHTML.slice(0, 120))""")
    strokes = page.evaluate("""() => [".on", ".off"].map((kind) => document.querySelector(`.meter .stroke${kind}`))
      .map((e) => e && getComputedStyle(e).fill)""")
    page.emulate_media(forced_colors="none")
    assert not found + edges
    assert strokes[0] is None or strokes[0] != strokes[1]


@by_three
def test_who_asks_for_stillness_gets_it(looker, union, role, path):
    page = looker.page(role)
    page.emulate_media(reduced_motion="reduce")
    page.goto(union.url + path)
    moving = page.evaluate(
        "[document.getAnimations().length, getComputedStyle(document.documentElement).scrollBehavior]"
    )
    page.emulate_media(reduced_motion="no-preference")
    assert moving == [0, "auto"]


def test_joining_needs_no_script(chromium, union):
    context = chromium.new_context(
        java_script_enabled=False, locale="en", viewport={"width": 375, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{union.url}{CAMPAIGN}")
    page.get_by_role("link", name="Join and pledge").click()
    page.get_by_role("link", name="Begin").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Tell us what to call you.")
    page.get_by_role("link", name="Tell us what to call you.").click()
    page.get_by_label("What shall we call you?").fill("Sam without script")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Email address").fill("sam.plain@leden.example")
    page.get_by_role("button", name="Continue").click()
    for choice in ("Utrecht", "Instagram", "User", "English"):
        page.get_by_label(choice, exact=True).check()
        page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Six-digit code")).to_be_visible()
    context.close()


def test_pledging_needs_no_script(chromium, union):
    context = chromium.new_context(
        java_script_enabled=False, locale="en", viewport={"width": 375, "height": 800}
    )
    page = context.new_page()
    page.goto(union.link(union.people.member, CAMPAIGN))
    page.locator("main form button").click()
    page.get_by_role("link", name="I pledge").click()
    page.get_by_role("radio", name="If at least a share of everybody acts").check()
    page.get_by_label("At least which share of everybody?").select_option(label="A third")
    page.get_by_role("button", name="Continue to check").click()
    page.get_by_role("button", name="I pledge").click()
    expect(page.get_by_role("heading", name="You have pledged")).to_be_visible()
    page.locator("details.confirm > summary", has_text="Withdraw").click()
    page.get_by_role("button", name="Yes: Withdraw").click()
    expect(page.get_by_role("heading", name="Join in")).to_be_visible()
    context.close()


FAULTS = {
    "a second heading": (looking.headings, ("document.querySelector('main').append(document.createElement('h1'));"
                         "document.querySelector('main').lastChild.textContent = 'Another'")),
    "a table wider than a phone": (looking.overflow, ("document.querySelector('main').append(document.createElement('table'));"
                                   "document.querySelector('main').lastChild.className = 'nowrap';"
                                   "document.querySelector('main').lastChild.textContent = 'wide '.repeat(99)")),
    "a button too small to hit": (looking.targets, ("document.querySelector('.button').style.minHeight = '2rem';"
                                  "document.querySelector('.button').style.padding = 0")),
    "a field without a label": (looking.axe, "document.querySelector('label[for=name]').remove()"),
    "grey on grey": (looking.axe, "document.querySelector('.field__label').style.color = '#ccc'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(looker, union, fault):
    check, plant = FAULTS[fault]
    page = looker.page("visitor")
    looking.size(page, PHONE)
    page.emulate_media(color_scheme="light")
    page.goto(f"{union.url}/join/name")
    assert check(page) == []
    page.evaluate(plant)
    assert check(page)


def test_what_breaks_the_policy_is_heard(looker, union):
    page = looker.page("visitor")
    ear = looker.ears["visitor", "en"]
    page.goto(f"{union.url}/join")
    assert ear.heard() == []
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "document.body.append(Object.assign(new Image(), {src: 'https://elsewhere.example/eye.png'}))"
        )
    assert any("Content Security Policy" in one for one in ear.heard())


def test_a_link_that_leads_nowhere_is_found(looker, union, kind_of):
    page = looker.page("visitor")
    _, dead = looking.crawl(page.request, union.url, ["/campaigns/there-is-no-such"], kind_of)
    assert dead == ["a link to /campaigns/there-is-no-such, which answers 404"]
