"""Every page of a running union in Chromium: within the screen, under the policy, accessible, as every role sees it.

What is found by following links is looked at twice, on a phone and on a desk, by day and by night in turn.
"""

import os
from itertools import cycle
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from tests.browser import looking
from tests.browser.looking import DESK, PHONE, Ear
from union.app import create_app

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        "UNION_JOURNEYS" not in os.environ,
        reason="LEFT OUT: journeys take minutes and want a quiet machine; run with UNION_JOURNEYS=1",
    ),
]

ROLES = ("visitor", "member", "trustee", "organizer", "officer")
FIRST = {
    "visitor": ["/", "/campaigns", "/join", "/join/name", "/sign-in", "/platforms", "/verify"],
    "member": ["/home", "/account", "/vouch"],
    "trustee": ["/home", "/ballots"],
    "organizer": ["/console", "/actions", "/campaigns", "/ballots", "/members", "/desk"],
    "officer": ["/console", "/members", "/members/import", "/members/export", "/console/audit"],
}
# Each stage of a campaign is a page of its own kind; of the others two tell enough.
MANY = {"campaigns.page": 7, "campaigns.organize": 4, "ballots.page": 2}
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
ROLES_A_KIND = 2


def chosen(found, role):
    """Return the paths to look at as `role`: every kind of page, as the first two roles that reach it see it."""
    paths = []
    for kind, reached in found.items():
        roles = {who for who, _ in SEEN.get(kind, ())}
        if role in roles or len(roles) >= ROLES_A_KIND:
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
