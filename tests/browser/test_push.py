"""Notifications in real Chromium: one page may register one worker, the worker shows what comes, and no more.

A headless browser has no push service to subscribe at, so the subscription itself is put in its place; worker,
policy, push event and click are the browser's own.
"""

import json

import pytest

SUBSCRIBE = """(() => {
const told = {
  endpoint: "https://fcm.googleapis.com/fcm/send/" + Math.random(),
  keys: { p256dh: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
          auth: "tBHItJI5svbpez7KI4CCXg" },
};
PushManager.prototype.subscribe = async (options) => {
  window.asked = new Uint8Array(options.applicationServerKey).length;
  return { toJSON: () => told };
};
})()"""
REGISTER = "navigator.serviceWorker.register('/sw.js').then(() => 'registered', (e) => e.name)"
SHOWN = """navigator.serviceWorker.ready.then((r) => r.getNotifications())
  .then((all) => all.map((one) => [one.title, one.body, one.data.url]))"""


@pytest.fixture
def page(union, chromium):
    context = chromium.new_context(viewport={"width": 375, "height": 800})
    context.grant_permissions(["notifications"], origin=union.url)
    page = context.new_page()
    page.goto(union.link(union.people.member, onward="/account/messages"))
    page.click("main button")
    page.wait_for_url("**/account/messages")
    yield page
    context.close()


def push(page, union, data):
    """Let the browser get a push message, as from its push service."""
    cdp = page.context.new_cdp_session(page)
    found = []
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    cdp.send("ServiceWorker.enable")
    while not found:
        page.wait_for_timeout(50)
    cdp.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": union.url, "registrationId": found[-1]["registrationId"], "data": data},
    )
    cdp.detach()


def wait_for(page, script, count):
    for _ in range(200):
        if len(found := page.evaluate(script)) >= count:
            return found
        page.wait_for_timeout(50)
    raise AssertionError(found)


def switch_on(page):
    page.evaluate(SUBSCRIBE)
    page.get_by_role("button", name="Show notifications on this device").click()
    page.get_by_text("This device shows notifications from now on.").wait_for()


def test_a_member_switches_a_device_on_and_off(union, page):
    assert page.get_by_text("No device shows notifications yet.").is_visible()
    switch_on(page)
    assert page.get_by_text("Chrome · Linux").is_visible()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("That device gets no more notifications.").wait_for()
    assert page.get_by_text("No device shows notifications yet.").is_visible()


KEPT = """(() => {
let kept = true;
PushManager.prototype.getSubscription = async () => kept && {
  options: { applicationServerKey: new Uint8Array([4, 1, 2]).buffer }, unsubscribe: async () => { kept = false; return true },
};
const subscribe = PushManager.prototype.subscribe;
PushManager.prototype.subscribe = async (options) => {
  if (kept) throw new DOMException("another key", "InvalidStateError");
  return subscribe(options);
};
})()"""


def test_after_a_new_key_of_ours_a_browser_starts_afresh(union, page):
    """A browser keeps its subscription's key and refuses to subscribe with another."""
    page.evaluate(SUBSCRIBE)
    page.evaluate(KEPT)
    page.get_by_role("button", name="Show notifications on this device").click()
    page.get_by_text("This device shows notifications from now on.").wait_for()


def test_the_worker_shows_what_comes_and_leads_only_home(union, page):
    switch_on(page)
    told = {
        "title": "New message",
        "body": "Open it to read.",
        "url": "/actions/x",
        "tag": "7",
        "language": "en",
    }
    push(page, union, json.dumps(told))
    assert wait_for(page, SHOWN, 1) == [["New message", "Open it to read.", "/actions/x"]]
    push(page, union, json.dumps(told))
    push(page, union, "no json")
    assert len(wait_for(page, SHOWN, 2)) == 2, "the same message shows once, nonsense shows as nothing much"
    assert page.evaluate("caches.keys()") == []


def test_only_this_page_may_register_and_only_our_worker(union, page):
    assert page.evaluate(REGISTER) == "TypeError", "a plain address is refused even here"
    assert "trusted-types union-worker" in page.request.get(page.url).headers["content-security-policy"]
    forged = (
        "(() => { try { trustedTypes.createPolicy('%s', {}); return 'made' } catch (e) { return e.name } })()"
    )
    assert page.evaluate(forged % "other") == "TypeError"
    assert page.evaluate(forged % "union-worker") == "TypeError", "the one rule is taken"
    page.goto(f"{union.url}/account")
    assert page.evaluate(REGISTER) == "TypeError"
    assert page.evaluate(forged % "union-worker") == "TypeError"


def test_without_leave_it_says_so(union, page):
    page.context.clear_permissions()
    page.context.grant_permissions([], origin=union.url)
    page.get_by_role("button", name="Show notifications on this device").click()
    page.get_by_text("Your browser does not allow it.").wait_for()
