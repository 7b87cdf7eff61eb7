"""The web kit in a real browser: accessible, within the screen, under the policy, with and without script."""

import shutil
import threading
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from tests.pages.styleguide import create
from union.core.clock import utcnow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
SCREENS = [(width, scheme) for width in (375, 1280) for scheme in ("light", "dark")]

# Axe takes every <svg> for a picture and cannot see what is behind words inside it; tests/rules/test_stylesheet.py
# measures those colours instead.
UNSEEN = {"color-contrast": "<text"}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    server = make_server("127.0.0.1", 0, create(tmp_path_factory.mktemp("guide"), utcnow()), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/styleguide"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def visit(browser, address):
    """visit(**context) opens the page; at the end nothing may have been reported."""
    contexts, reports = [], []

    def opened(**facts):
        context = browser.new_context(**facts)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: reports.append(message.text))
        page.on("pageerror", lambda error: reports.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert reports == []


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_axe_finds_nothing(visit, width, scheme):
    # Axe itself is put into the page as text, which the policy rightly forbids.
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    found = Axe().run(page).response
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    unsure = [
        (rule["id"], node["html"])
        for rule in found["incomplete"]
        for node in rule["nodes"]
        if UNSEEN.get(rule["id"], "\0") not in node["html"]
    ]
    assert unsure == []


def test_axe_finds_what_is_planted(visit):
    page = visit(bypass_csp=True)
    page.evaluate("document.querySelector('label[for=email]').remove()")
    assert "label" in {rule["id"] for rule in Axe().run(page).response["violations"]}


@pytest.mark.parametrize(("width", "zoom"), [(375, 1), (1280, 1), (640, 2), (320, 1)])
def test_nothing_reaches_beyond_the_screen(visit, width, zoom):
    page = visit(viewport={"width": width, "height": 900}, device_scale_factor=zoom)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [375, 1280])
def test_targets_measure_44_pixels(visit, width):
    page = visit(viewport={"width": width, "height": 900})
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, summary, .input, .choice, .nav a, .foot a, .brand")]
            .filter((e) => e.offsetParent)
            .filter((e) => e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44)
            .map((e) => e.outerHTML)"""
    )
    assert small == []


def test_on_a_phone_the_card_to_act_on_comes_right_after_the_meter(visit):
    page = visit(viewport={"width": 375, "height": 900})
    # at one moment: the page moves while its letters arrive
    meter, act, rest = page.evaluate(
        "(selectors) => selectors.map((one) => document.querySelector(one).getBoundingClientRect().top)",
        [".meter", ".countdown", ".columns__main"],
    )
    assert meter < act < rest


def test_on_a_phone_the_meter_stands_in_two_rows(visit):
    page = visit(viewport={"width": 375, "height": 900})
    first, last = page.evaluate(
        """() => [".stroke", ".second .stroke"].map((s) => document.querySelector(".meter " + s).getBoundingClientRect())
            .map((box) => ({left: box.left, top: box.top, width: box.width}))"""
    )
    assert first["left"] == pytest.approx(last["left"], abs=1)
    assert last["top"] > first["top"] + 60
    assert first["width"] > 4


def test_a_dangerous_post_asks_in_a_dialog_and_gives_the_focus_back(visit):
    page = visit(viewport={"width": 375, "height": 900})
    page.get_by_text("Cancel the action", exact=True).click()
    assert page.get_by_role("dialog", name="Cancel the action").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "No, go back"
    page.keyboard.press("Escape")
    expect(page.locator("details.confirm summary")).to_be_focused()
    assert page.locator("dialog").count() == 0
    assert page.locator("details.confirm .confirm__body form").count() == 1


def test_without_script_the_same_question_opens_in_the_page(visit):
    page = visit(java_script_enabled=False)
    page.locator("details.confirm summary").click()
    assert page.get_by_role("button", name="Yes: Cancel the action").is_visible()
    assert not page.get_by_role("timer").is_visible()
    assert page.locator(".countdown time").first.is_visible()


def test_the_countdown_follows_the_clock_of_the_server(visit):
    page = visit()
    page.wait_for_selector("[role=timer]:not([hidden])")
    shown = {part: int(page.text_content(f"[data-part={part}]")) for part in ("days", "hours", "minutes")}
    assert (shown["days"], shown["hours"]) == (3, 4)
    assert shown["minutes"] in {28, 29, 30}


def test_the_countdown_mistrusts_the_device(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.clock.install(time=utcnow() - timedelta(days=365))
    page.goto(address)
    page.wait_for_selector("[role=timer]:not([hidden])")
    assert page.text_content("[data-part=days]") == "03"
    context.close()


def test_numbers_and_strokes_are_kept_fresh(visit):
    page = visit()
    expect(page.locator("[data-live=count]")).to_have_text("3,500")
    assert page.locator(".meter .stroke.on").count() == 35


def test_the_tracker_is_copied_without_its_gaps(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy code").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "K7QF9M2DTR4XH8WP"


def test_keyboard_focus_wears_yellow_and_ink(visit):
    page = visit()
    page.locator("h1").click()
    page.keyboard.press("Tab")
    shown = page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement); return [s.outlineWidth, s.outlineColor, s.boxShadow] }"
    )
    assert shown == ["3px", "rgb(255, 210, 63)", "rgb(23, 19, 15) 0px 0px 0px 6px"]


def test_the_first_tab_skips_to_the_content(visit):
    page = visit(viewport={"width": 1280, "height": 900})
    page.evaluate("document.activeElement.blur()")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_forced_colours_keep_filled_and_open_strokes_apart(visit):
    page = visit(forced_colors="active")
    filled, empty = (
        page.evaluate("(s) => getComputedStyle(document.querySelector(s)).fill", f".meter .stroke.{kind}")
        for kind in ("on", "off")
    )
    assert filled != empty


def test_on_paper_there_is_nothing_to_press(visit):
    page = visit()
    page.emulate_media(media="print")
    assert not page.locator(".nav").is_visible()
    assert not page.locator(".button").first.is_visible()
    assert page.locator(".print-only").is_visible()
