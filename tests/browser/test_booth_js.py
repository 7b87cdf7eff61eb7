"""The booth and the trustees' pages in Chromium: by keyboard, on a phone's width, under the strict policy."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.browser.booth_pages import KAT, KEY, Booth, Seen, Served, fingerprint, make_app
from tests.js.forging import VECTORS, Board

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
MISSING = "Chromium is not installed: every test of the booth in a real browser is LEFT OUT"
STATIC = Path(__file__).parents[2] / "union/ballots/static"
CURVE = Path(__file__).parents[2] / "union/web/static/vendor/noble-ed25519/index.js"
CODE = KAT["Ed25519"]["credential_v3"]["cred"]
SECRET_KEY = 987654321
P = 0xA3EF2D011FEFB1B6E39E568FCCDFFB0FB7DC7EF3A791B6862791811D21FC35F21E6D36856B428030421F514ED40BFD4C06E092A495AF8D79A2F85E0FB11C0EDE07DD973F9C53E50930C6E82AC36DE1AE3FB8C3AABFFF12CE27A5022DDD8912D107435012768A2CDD0A4091D8FA447F6C7EBC15A349FA318A6B4FE17D8D47E843A3E14DFA9B2162F4D7229ABE93A188B46B006517D6F6747EBBB29C9EC3099B607F18FB1A8BC858279AA8599411D998D3E3FADA9E010840D082D8C31911ACDD4A0E7992D0F18CC759CB5DE0ACF66A3882555BC810941E021B6A4CCFA04EE4008F878AFFA2375E2999B44F6CEF17D707301E59E0E6351E051ED9CEC4157646E64F
GROUPS = ["BELENIOS-2048", "Ed25519"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip(MISSING)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


class Visit:
    """One booth in one browser context, with what the console and the policy said."""

    def __init__(self, chromium, settings, group="Ed25519", language="en", **facts):
        record = KAT[group]
        self.group = group
        self.booth = Booth(record["deterministic_ballots"]["election_json"], group, **facts)
        self.seen = Seen(credentials=[record["credential_v3"]["public"]])
        self.served = Served(make_app(settings, self.booth, self.seen)).__enter__()
        self.url = self.served.url
        self.context = chromium.new_context(
            viewport={"width": 375, "height": 800}, locale=language, accept_downloads=True
        )
        self.page = self.context.new_page()
        self.said = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))

    def enter(self, fragment=f"#{CODE}", path="/booth"):
        self.page.goto(self.url + path + fragment)

    def heading(self, text):
        expect(self.page.locator("h1")).to_have_text(text)
        expect(self.page.locator("h1")).to_be_focused()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, text):
        """Press Tab until the control with that text has focus, as a person would."""
        for _ in range(40):
            self.press("Tab")
            focused = self.page.evaluate(
                "(document.activeElement.textContent || document.activeElement.closest('label')?.textContent || '').trim()"
            )
            if focused.startswith(text):
                return
        raise AssertionError(f"Tab never reached {text!r}")

    def click(self, text):
        self.page.locator("button:visible, a:visible, summary:visible").filter(has_text=text).first.click()

    def to_sealed(self):
        self.enter()
        self.heading("Do we adopt the demand?")
        self.page.check("#answer-0")
        self.click("Continue")
        self.page.check("#answer-3")
        self.click("Continue")
        self.click("Seal my ballot")
        self.heading("Your ballot is sealed")

    def close(self):
        self.context.close()
        self.served.__exit__()


@pytest.fixture
def visit(chromium, settings):
    opened = []

    def enter(group="Ed25519", **facts):
        settings.home.mkdir(parents=True, exist_ok=True)
        opened.append(Visit(chromium, settings, group, **facts))
        return opened[-1]

    yield enter
    for each in opened:
        each.close()


def plain(ballot):
    """Decrypt a BELENIOS-2048 ballot with the known key of the test election."""
    record = KAT["BELENIOS-2048"]
    g = int(record["g"])

    def bit(pair):
        m = int(pair["beta"]) * pow(int(pair["alpha"]), -SECRET_KEY, P) % P
        return {1: 0, g: 1}[m]

    return [[bit(pair) for pair in answer["choices"]] for answer in json.loads(ballot)["answers"]]


def test_vote_by_keyboard_alone_on_a_phone(visit):
    v = visit("BELENIOS-2048")
    v.enter()
    v.heading("Do we adopt the demand?")
    assert CODE not in v.page.url
    assert "#" not in v.page.url
    v.tab_to("Yes")
    v.press("ArrowDown", "Enter")  # "No", then Enter submits the form
    v.heading("Which actions do you approve?")
    v.tab_to("Data strike")
    v.press("Space", "Tab", "Tab", "Space")
    v.tab_to("Continue")
    v.press("Enter")
    v.heading("Check your ballot")
    expect(v.page.locator("[data-part=summary] dd").first).to_have_text("No")
    expect(v.page.locator("[data-part=summary] dd").nth(2)).to_have_text("Data strikeLegal action")
    v.tab_to("Seal my ballot")
    v.press("Enter")
    v.heading("Your ballot is sealed")
    tracker = v.page.locator("[data-part=sealed-tracker]").inner_text().replace(" ", "")
    v.tab_to("Cast my ballot")
    v.press("Enter")
    v.heading("Your ballot is cast")
    [ballot] = v.seen.cast
    assert fingerprint(ballot) == tracker
    assert v.page.locator("[data-part=receipt-tracker]").inner_text().replace("\n", " ") == " ".join(
        tracker[i : i + 4] for i in range(0, 43, 4)
    )
    assert plain(ballot) == [[0, 1, 0], [0, 1, 0, 1]]
    assert json.loads(ballot)["credential"] == KAT["BELENIOS-2048"]["credential_v3"]["public"]
    expect(v.page.locator("[data-part=signature-holds]")).to_be_visible()
    assert v.page.locator("[data-part=board-link]").get_attribute("href").startswith("/board?tracker=")
    code = v.page.locator("[data-part=receipt-code] svg")
    expect(code).to_be_visible()
    assert code.get_attribute("role") == "img"
    assert code.locator("title").inner_html().startswith("QR code: your ballot on the public board")
    assert v.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert CODE not in v.page.content()
    assert v.page.locator("[data-part=summary] *, [data-part=choices] *").count() == 0, (
        "the choice is gone from the page"
    )
    assert v.said == []


def test_the_skip_link_is_no_voting_code(visit):
    v = visit()
    v.enter()
    v.heading("Do we adopt the demand?")
    v.page.evaluate("document.querySelector('.skip').click()")
    v.page.wait_for_timeout(200)
    expect(v.page.locator("h1")).to_have_text("Do we adopt the demand?")
    expect(v.page.locator("[data-problems]")).to_be_hidden()
    v.enter("#main")
    v.page.reload()
    v.heading("Your voting code")
    expect(v.page.locator("[data-problems]")).to_be_hidden()


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_is_sent_before_the_cast_and_then_only_the_ballot(visit, group):
    v = visit(group)
    sent = []
    v.page.on("request", lambda request: sent.append((request.method, request.url, request.post_data or "")))
    v.to_sealed()
    assert all(method == "GET" for method, _, _ in sent)
    assert all(CODE not in url for _, url, _ in sent)
    assert any("noble" in url for _, url, _ in sent) == (group == "Ed25519"), (
        "the curve is fetched only where it is used"
    )
    v.click("Cast my ballot")
    v.heading("Your ballot is cast")
    posts = [body for method, _, body in sent if method == "POST"]
    assert len(posts) == 1
    assert list(json.loads(posts[0])) == ["ballot"]
    assert CODE not in posts[0]
    assert v.said == []


def test_a_mistyped_code_is_noticed_here(visit):
    v = visit()
    v.enter("")
    v.heading("Your voting code")
    v.page.fill("#code", "cgd6E-iAAz6F")
    v.press("Enter")
    expect(v.page.locator("[data-problems]")).to_be_focused()
    expect(v.page.locator("[data-problems]")).to_contain_text("This is not a voting code")
    assert v.page.title().startswith("Error:")
    v.page.fill("#code", CODE[:-1] + "e")
    v.press("Enter")
    expect(v.page.locator("[data-problems]")).to_contain_text("not on the roll")
    assert v.page.locator("#code").get_attribute("aria-invalid") == "true"
    v.tab_to("This voting code")
    v.press("Enter")
    expect(v.page.locator("#code")).to_be_focused()
    v.page.fill("#code", CODE.replace("-", " "))
    v.press("Enter")
    v.heading("Do we adopt the demand?")
    assert v.page.locator("#code").input_value() == ""
    assert v.seen.cast == []
    assert v.said == []


def test_a_link_with_a_foreign_code_asks_for_the_right_one(visit):
    v = visit()
    v.enter(f"#{CODE[:-1]}e")
    expect(v.page.locator("[data-problems]")).to_contain_text("not on the roll")
    v.page.goto(f"{v.url}/booth#{CODE}")  # the same page, another fragment: no reload
    v.heading("Do we adopt the demand?")
    assert "#" not in v.page.url


def test_rules_of_a_question_are_said_and_blank_stands_alone(visit):
    v = visit()
    v.enter()
    v.click("Continue")
    expect(v.page.locator("[data-problems] a")).to_have_text("Choose one answer.")
    v.page.locator("[data-problems] a").click()
    expect(v.page.locator("#answer-0")).to_be_focused()
    assert "#" not in v.page.url
    v.page.check("#answer-2")
    v.click("Continue")
    v.heading("Which actions do you approve?")
    expect(v.page.locator("[data-part=rule]")).to_have_text("Choose 1 to 2 answers. Or vote blank.")
    for i in range(3):
        v.page.check(f"#answer-{i}")
    v.click("Continue")
    expect(v.page.locator("[data-problems] a")).to_have_text("Choose 1 to 2 answers. Or vote blank.")
    v.page.check("#answer-3")
    assert [v.page.is_checked(f"#answer-{i}") for i in range(4)] == [False, False, False, True]
    v.click("Continue")
    expect(v.page.locator("[data-part=summary] dd").nth(2)).to_have_text("Blank")
    v.page.go_back()
    v.heading("Which actions do you approve?")
    assert v.page.is_checked("#answer-3")
    v.click("Back")
    v.heading("Do we adopt the demand?")
    assert v.page.is_checked("#answer-2")


def test_a_lost_connection_sends_the_same_bytes_again(visit):
    v = visit()
    v.seen.drop_next = 1
    v.to_sealed()
    v.click("Cast my ballot")
    v.heading("Your ballot is cast")
    assert len(v.seen.cast) == 2
    assert v.seen.cast[0] == v.seen.cast[1]


def test_a_broken_server_leaves_the_ballot_to_be_cast_again(visit):
    v = visit()
    v.seen.drop_next = 3
    v.to_sealed()
    v.click("Cast my ballot")
    expect(v.page.locator("[data-problems]")).to_contain_text("Your ballot is not confirmed", timeout=15_000)
    v.click("Cast my ballot")
    v.heading("Your ballot is cast")
    assert len(v.seen.cast) == 4
    assert len(set(v.seen.cast)) == 1


def test_a_closed_tab_can_resume_with_the_sealed_ballot_and_nothing_else(visit):
    v = visit()
    v.to_sealed()
    v.context.set_offline(True)
    v.click("Cast my ballot")
    expect(v.page.locator("[data-problems]")).to_contain_text("There is no connection", timeout=15_000)
    expect(v.page.locator("[data-part=device-check]")).to_be_hidden()
    stored = v.page.evaluate("Object.values(sessionStorage)")
    assert len(stored) == 1
    assert set(json.loads(stored[0])) == {
        "election_uuid",
        "election_hash",
        "credential",
        "answers",
        "signature",
    }
    v.context.set_offline(False)
    v.page.on("dialog", lambda dialog: dialog.accept())
    v.enter("")
    v.page.reload()
    v.heading("A sealed ballot waits")
    v.click("Cast my ballot")
    v.heading("Your ballot is cast")
    assert v.seen.cast == stored
    assert v.page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize(
    ("answer", "sentence", "stays"),
    [
        ((410, "Closed", "The vote closed at 20:00."), "The vote closed at 20:00.", False),
        ((422, "Invalid", "This ballot was cast for another vote."), "cast for another vote", False),
        ((403, "NotAllowed", "no"), "Sign in again in another tab", True),
        ((400, "StaleForm", "no"), "Reload it: your sealed ballot waits", True),
    ],
)
def test_a_refused_ballot_says_why(visit, answer, sentence, stays):
    v = visit()
    v.seen.refuse = answer
    v.to_sealed()
    v.click("Cast my ballot")
    expect(v.page.locator("[data-problems]")).to_contain_text(sentence)
    expect(v.page.locator("[data-problems]")).to_be_focused()
    assert v.page.evaluate("sessionStorage.length") == int(stays)
    expect(v.page.locator("[data-part=cast]")).to_be_visible(visible=answer[1] != "Closed")


def test_a_receipt_with_another_tracker_or_signature_is_not_trusted(visit):
    v = visit(receipt_key=KEY.verify_key.encode()[::-1].hex())
    v.to_sealed()
    v.click("Cast my ballot")
    expect(v.page.locator("[data-problems]")).to_contain_text("The signature on this receipt is wrong")
    expect(v.page.locator("[data-part=signature-holds]")).to_be_hidden()


def test_another_election_record_stops_the_booth(visit):
    v = visit()
    v.booth.__class__ = type("Lying", (Booth,), {"fingerprint": "x" * 43})
    v.enter()
    expect(v.page.locator("h1")).to_have_text("The booth did not open")
    expect(v.page.locator("[data-problems]")).to_contain_text("do not agree")


def test_device_check_reveals_and_another_device_compares(visit):
    v = visit()
    v.to_sealed()
    tracker = v.page.locator("[data-part=sealed-tracker]").inner_text()
    v.tab_to("Check this device first")
    v.press("Enter")
    v.tab_to("Reveal this ballot")
    v.press("Enter")
    v.heading("This ballot is revealed")
    assert v.page.locator("[data-part=revealed-tracker]").inner_text() == tracker
    expect(v.page.locator("[data-part=revealed-summary] dd").first).to_have_text("Yes")
    text = v.page.input_value("#revealed")
    assert v.page.locator("[data-cast]:visible").count() == 0
    v.page.go_back()  # to where the sealed ballot was: it is gone
    v.heading("Check your ballot")
    assert v.page.locator("[data-cast]:visible").count() == 0

    other = v.context.new_page()
    other.goto(f"{v.url}/booth")
    other.get_by_role("button", name="Compare a ballot that another").click()
    other.fill("#compare", text)
    other.get_by_role("button", name="Compare").click()
    expect(other.locator("[data-part=compare-tracker]")).to_have_text(tracker)
    expect(other.locator("[data-part=compare-summary] dd").nth(1)).to_have_text("Blank")

    lie = json.loads(text)
    lie["openings"][0][0]["m"], lie["openings"][0][1]["m"] = 0, 1
    other.fill("#compare", json.dumps(lie))
    other.get_by_role("button", name="Compare").click()
    expect(other.locator("[data-problems]")).to_contain_text("something else than the other device says")
    expect(other.locator("[data-part=compare-outcome]")).to_be_hidden()
    assert v.seen.cast == []


def test_without_javascript_the_page_names_the_other_way(visit, chromium):
    v = visit()
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    page = context.new_page()
    page.goto(f"{v.url}/booth")
    expect(
        page.get_by_text("If the booth does not open within ten seconds, JavaScript is off")
    ).to_be_visible()
    expect(page.get_by_role("link", name="Whom to ask")).to_be_visible()
    expect(page.get_by_role("link", name="Whom to ask")).to_have_attribute("href", "/help")
    expect(page.get_by_text("The key of this vote is split")).to_be_visible()
    context.close()


def test_a_ballot_of_the_server_alone_says_so(visit):
    v = visit(server_only=True, has_voted=True)
    v.enter()
    expect(v.page.get_by_text("Only the union's own server holds the key")).to_be_visible()
    expect(v.page.get_by_text("You have voted already")).to_be_visible()


def faults(page, name):
    """Return what axe, the width and the sizes of targets say against the page as it stands."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = Axe().run(page, options={"runOnly": rules})
    found = [f"{name}: {each['id']} {each['nodes'][0]['target']}" for each in results.response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{name}: wider than the screen")
    small = page.evaluate("""() => [...document.querySelectorAll('button, .button, summary, .choice, .problem a')]
        .filter((e) => e.offsetParent && !e.closest('[aria-hidden]') && e.getBoundingClientRect().height < 44)
        .map((e) => e.textContent.trim())""")
    return found + [f"{name}: {text!r} is a small target" for text in small]


LOOKS = [(375, "light", "nl"), (1280, "dark", "en")]


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_the_booth_is_accessible_at_every_step(visit, width, scheme, language):
    v = visit(language=language, has_voted=True)
    v.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    v.page.set_viewport_size({"width": width, "height": 800})
    found = []

    def press(part):
        v.page.locator(f"[data-part={part}]").click()

    def go_on():
        v.page.locator("[data-page=question] .button--primary").click()

    v.enter("")
    expect(v.page.locator("#code")).to_be_visible()
    found += faults(v.page, "code")
    v.enter()
    expect(v.page.locator("h1")).to_have_text("Do we adopt the demand?")
    go_on()
    found += faults(v.page, "problem")
    v.page.check("#answer-0")
    go_on()
    found += faults(v.page, "checkboxes")
    v.page.check("#answer-0")
    go_on()
    found += faults(v.page, "check")
    press("seal")
    expect(v.page.locator("[data-part=cast]")).to_be_visible()
    v.page.locator("[data-part=device-check] summary").click()
    found += faults(v.page, "sealed")
    press("reveal")
    found += faults(v.page, "revealed")
    text = v.page.input_value("#revealed")
    press("seal-again")
    press("seal")
    press("cast")
    expect(v.page.locator("[data-page=receipt]")).to_be_visible()
    v.page.locator("[data-page=receipt] summary").click()
    found += faults(v.page, "receipt")
    v.page.goto("about:blank")
    v.enter("")
    press("to-compare")
    v.page.fill("#compare", text)
    v.page.locator("[data-part=compare-form] button").click()
    expect(v.page.locator("[data-part=compare-outcome]")).to_be_visible()
    found += faults(v.page, "compare")
    assert found == []


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_the_trustees_pages_are_accessible(visit, width, scheme, language):
    v = visit(language=language)
    v.page.emulate_media(color_scheme=scheme)
    v.page.set_viewport_size({"width": width, "height": 800})
    v.seen.pages["seat"] = seat("Ed25519")
    v.seen.pages["share"] = share_page(v)
    v.enter("", "/decrypt")
    v.page.locator("[data-part=form] .button--primary").click()
    v.page.locator("summary").click()
    found = faults(v.page, "share")
    v.enter("", "/key")
    found += faults(v.page, "make")
    v.page.locator("[data-part=make]").click()
    v.page.locator("[data-part=form] .button--primary").click()
    v.page.locator("summary").click()
    found += faults(v.page, "save")
    assert found == []


# Presses the buttons from inside the page, so that only its own work is measured: milliseconds until sealed and until the
# receipt, and meanwhile the number of turns a timer got and the longest time between two.
WATCH = """async () => {
  const shown = (text) => document.querySelector("h1").textContent === text;
  const press = (part) => document.querySelector(`[data-part=${part}]`).click();
  const turn = () => new Promise((done) => { setTimeout(done, 0); });
  const started = performance.now();
  let last = started;
  let longest = 0;
  let turns = 0;
  const until = async (text) => {
    while (!shown(text)) {
      await turn();
      turns += 1;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    return performance.now() - started;
  };
  press("seal");
  const sealed = await until("Your ballot is sealed");
  const whileSealing = [turns, longest];
  press("cast");
  return [sealed, await until("Your ballot is cast"), ...whileSealing];
}"""


@pytest.mark.parametrize("group", GROUPS)
def test_sealing_on_a_slow_phone_never_freezes_the_page(visit, group, record_property):
    v = visit(group)
    session = v.context.new_cdp_session(v.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    slow_3g = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", slow_3g)
    v.enter()
    expect(v.page.locator("h1")).to_have_text("Do we adopt the demand?", timeout=30_000)
    opening = v.page.evaluate("performance.now()")
    v.page.check("#answer-0")
    v.click("Continue")
    v.page.check("#answer-3")
    v.click("Continue")
    v.heading("Check your ballot")
    v.page.wait_for_timeout(500)
    sealing, casting, turns, longest = v.page.evaluate(WATCH)
    v.heading("Your ballot is cast")
    print(
        f"\n{group}, 7 ciphertexts, 4x slower, slow 3G: open after {opening:.0f} ms, sealed in {sealing:.0f} ms, receipt after {casting:.0f} ms, longest pause {longest:.0f} ms"
    )
    record_property("sealing_ms", round(sealing))
    assert turns > 6, "the page gets its turn between the pieces"


def imported(module, seen=frozenset()):
    """A module and everything it imports, as the browser would fetch it."""
    for name in re.findall(r'^import .* from "(\..*)";$', module.read_text(), re.MULTILINE):
        found = (module.parent / name).resolve()
        if found not in seen:
            seen = imported(found, seen | {found})
    return seen | {module}


def test_size_of_the_booth():
    import gzip

    modules = [*imported(STATIC / "booth.mjs"), CURVE]
    assert {"ballot.mjs", "orders.mjs", "sha256.mjs"} <= {path.name for path in modules}
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in modules)
    print(f"\nbooth: {size} bytes gzip, of which the curve {len(gzip.compress(CURVE.read_bytes(), 9))}")
    assert size <= 50_000


# -- trustees ---------------------------------------------------------------------------------------------------


class Page(dict):
    __getattr__ = dict.__getitem__


def seat(group, public_key=None):
    return Page(
        title="Strike vote",
        trustee_name="Anouk",
        group=group,
        uuid="jVoybzk7pjmnbW",
        submit_url="/submit",
        leave_url="/left",
        public_key=public_key,
    )


def share_page(v, public_key=""):
    return Page(
        title="Strike vote",
        trustee_name="Anouk",
        public_key=public_key,
        election_json_url="/election.json",
        fingerprint=v.booth.fingerprint,
        tally_url="/tally.json",
        submit_url="/submit",
        leave_url="/left",
        done=False,
        part=None,
        unneeded=False,
        ranked=False,
    )


@pytest.mark.parametrize("group", GROUPS)
def test_a_trustee_makes_a_key_and_proves_it_was_saved(visit, group, tmp_path):
    v = visit(group)
    v.seen.pages["seat"] = seat(group)
    v.enter("", "/key")
    v.heading("Make your key")
    v.tab_to("Make my key")
    v.press("Enter")
    v.heading("Save your key")
    v.click("Register my key")
    expect(v.page.locator("[data-problems] a")).to_have_text("Tick the box when you have saved your key.")
    v.page.check("#saved")
    v.click("Register my key")
    expect(v.page.locator("[data-problems]")).to_contain_text("Choose the key file you saved")
    (tmp_path / "other.json").write_text('"12345"')
    v.page.set_input_files("#file", tmp_path / "other.json")
    v.click("Register my key")
    expect(v.page.locator("[data-problems]")).to_contain_text("not the key that was made on this page")
    assert v.seen.posts == []
    with v.page.expect_download() as download:
        v.click("Save the key file")
    assert download.value.suggested_filename == "trustee-key-jVoybzk7pjmnbW.json"
    download.value.save_as(tmp_path / "key.json")
    v.page.set_input_files("#file", tmp_path / "key.json")
    v.click("Register my key")
    v.heading("Your key is registered")
    key = json.loads((tmp_path / "key.json").read_text())
    [post] = v.seen.posts
    public = json.loads(post["public_key"])
    assert public["public_key"] == key["public_key"]
    assert key["private_key"] not in json.dumps(post)
    assert key["private_key"] not in v.page.content().replace(" ", "")
    if group == "BELENIOS-2048":
        g, q = int(KAT[group]["g"]), int(KAT[group]["q"])
        y = int(public["public_key"])
        assert pow(g, int(key["private_key"]), P) == y
        c, r = int(public["pok"]["challenge"]), int(public["pok"]["response"])
        a = pow(g, r, P) * pow(y, c, P) % P
        assert int.from_bytes(hashlib.sha256(f"pok|{group}|{y}|{a}".encode()).digest()) % q == c
    assert v.said == []


def test_the_printed_copy_proves_it_too(visit):
    v = visit()
    v.seen.pages["seat"] = seat("Ed25519")
    v.enter("", "/key")
    v.click("Make my key")
    v.page.emulate_media(media="print")
    expect(v.page.locator("[data-part=printed-key]")).to_be_visible()
    digits = v.page.locator("[data-part=printed-key]").inner_text()
    v.page.emulate_media(media="screen")
    expect(v.page.locator("[data-part=printed-key]")).to_be_hidden()
    v.click("I printed it")
    v.page.fill("#typed", digits)
    v.page.check("#saved")
    v.click("Register my key")
    v.heading("Your key is registered")


def test_a_trustee_gives_a_share(visit, tmp_path):
    group = "BELENIOS-2048"
    v = visit(group)
    record = KAT[group]
    ballot = json.loads(record["deterministic_ballots"]["ballots"]["normal"]["ballot"])
    tally = [answer["choices"] for answer in ballot["answers"]]
    v.seen.tally = json.dumps(tally)
    g, q = int(record["g"]), int(record["q"])
    y = pow(g, SECRET_KEY, P)
    v.seen.pages["share"] = share_page(v, str(y))
    v.enter("", "/decrypt")
    v.heading("Give your share of the count")
    v.click("Compute and send my share")
    expect(v.page.locator("[data-problems]")).to_contain_text("Choose your key file")
    (tmp_path / "key.json").write_text('{"kind": "union-trustee-key", "uuid": "another", "private_key": "5"}')
    v.page.set_input_files("#file", tmp_path / "key.json")
    v.click("Compute and send my share")
    expect(v.page.locator("[data-problems]")).to_contain_text("belongs to another vote")
    (tmp_path / "wrong.json").write_text('"987654322"')
    v.page.set_input_files("#file", tmp_path / "wrong.json")
    v.click("Compute and send my share")
    expect(v.page.locator("[data-problems]")).to_contain_text("does not belong to your public key")
    assert v.seen.posts == []
    (tmp_path / "right.json").write_text(f'"{SECRET_KEY}"')
    v.page.set_input_files("#file", tmp_path / "right.json")
    v.click("Compute and send my share")
    v.heading("Your share is received")
    [post] = v.seen.posts
    share, strong = json.loads(post["decryption"]), json.loads(post["strong_proofs"])
    assert post["decryption"] == json.dumps(share, separators=(",", ":"))
    fp = v.booth.fingerprint
    for i, row in enumerate(tally):
        for j, pair in enumerate(row):
            alpha, factor = int(pair["alpha"]), int(share["decryption_factors"][i][j])
            assert factor == pow(alpha, SECRET_KEY, P)
            for prefix, proof in (
                (f"decrypt|{fp}|{y}|", share["decryption_proofs"][i][j]),
                (f"strongdecrypt|{fp}|{y}|{alpha}|{factor}|", strong[i][j]),
            ):
                c, r = int(proof["challenge"]), int(proof["response"])
                a, b = pow(g, r, P) * pow(y, c, P) % P, pow(alpha, r, P) * pow(factor, c, P) % P
                assert int.from_bytes(hashlib.sha256(f"{prefix}{a},{b}".encode()).digest()) % q == c
    assert str(SECRET_KEY) not in post["decryption"]
    assert v.said == []


# -- the board's own check --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ff2048-single", "ed25519-single"])
def test_the_whole_archive_is_checked_in_the_browser(visit, name):
    v = visit()
    [path] = (VECTORS / name).glob("*.bel")
    v.seen.archive = path.read_bytes()
    v.seen.tracker = fingerprint((path.parent / "ballots.jsons").read_text().split("\n")[0])
    v.enter("", "/board")
    v.tab_to("Check the archive")
    v.press("Enter")
    expect(v.page.locator("[data-part=verdict]")).to_have_text(
        "Everything that is there holds", timeout=30_000
    )
    expect(v.page.locator("[data-part=verdict]")).to_be_focused()
    expect(v.page.locator("[data-part=list] .box--agreed")).to_have_count(7)
    expect(v.page.locator("[data-part=list] li").nth(2)).to_contain_text("5 ballots of 5 voters")
    expect(v.page.locator("[data-part=result] dd").first).to_contain_text("A1: 3")
    expect(v.page.locator("[data-part=list] li").last).to_contain_text("Your ballot is in the archive")
    assert faults(v.page, "board") == []
    assert v.said == []


def test_shuffled_orders_are_checked_in_the_browser(visit):
    v = visit()
    v.seen.archive = next((VECTORS / "ed25519-ranked").glob("*.bel")).read_bytes()
    v.enter("", "/board")
    v.click("Check the archive")
    expect(v.page.locator("[data-part=verdict]")).to_have_text(
        "Everything that is there holds", timeout=60_000
    )
    expect(v.page.locator("[data-part=list] .box--agreed")).to_have_count(7)
    expect(v.page.locator("[data-part=list] li").nth(4)).to_contain_text("2 shuffles")
    expect(v.page.locator("[data-part=result] dd").last).to_have_text("5 orders opened, 1 of them blank")
    assert faults(v.page, "board of orders") == []
    board = Board(next((VECTORS / "ed25519-ranked").glob("*.bel")))
    board.change("Result", lambda r: {"result": [r["result"][0], r["result"][1][1:]]})
    v.seen.archive = board.bytes()
    v.click("Check the archive")
    expect(v.page.locator("[data-part=verdict]")).to_have_text("This archive does not hold", timeout=60_000)
    expect(v.page.locator("[data-part=list]")).to_contain_text("result-content: the orders of question 2")
    assert v.said == []


def test_a_forged_archive_is_not_called_good(visit):
    v = visit()
    content = bytearray(next((VECTORS / "ed25519-single").glob("*.bel")).read_bytes())
    content[len(content) // 2] ^= 1
    v.seen.archive = bytes(content)
    v.seen.tracker = "x" * 43
    v.enter("", "/board")
    v.click("Check the archive")
    expect(v.page.locator("[data-part=verdict]")).to_have_text("This archive does not hold")
    expect(v.page.locator("[data-part=list] .box--refused")).to_have_count(1)
    expect(v.page.locator("[data-part=list]")).to_contain_text("archive-hash")
