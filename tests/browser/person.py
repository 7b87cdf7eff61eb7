"""A person at a browser, with a mouse or with a keyboard alone; whoever uses the keyboard must see where they are."""

import re
from contextlib import contextmanager
from datetime import datetime
from functools import cache

from playwright.sync_api import expect

from tests.browser.looking import Ear

MOST_TABS = 160
PATIENCE = 30_000
FROM = datetime(2026, 5, 15, 9, 20)

SEES_FOCUS = """(e) => {
  const shown = e.closest("label.choice") ?? e;
  const style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  return {
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0,
    html: e.outerHTML.slice(0, 160),
  };
}"""

TYPED = {
    "year": lambda moment: f"{moment:%Y}",
    "month": lambda moment: f"{moment:%m}",
    "day": lambda moment: f"{moment:%d}",
    "hour": lambda moment: f"{moment:%H}",
    "hour of twelve": lambda moment: f"{moment:%I}",
    "minute": lambda moment: f"{moment:%M}",
    "half": lambda moment: f"{moment:%p}"[0],
}


@cache
def parts_of_a_time(context) -> tuple[str, ...]:
    """Learn in which order a date and time are typed: it follows the machine's language, not the page's."""
    page = context.new_page()
    page.set_content(f'<input type="datetime-local" value="{FROM:%Y-%m-%dT%H:%M}">')
    page.keyboard.press("Tab")
    found = []
    for _ in range(6):
        page.keyboard.press("ArrowUp")
        now = datetime.fromisoformat(page.locator("input").input_value())
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        changed = [
            part
            for part in ("year", "month", "day", "hour", "minute")
            if getattr(now, part) != getattr(FROM, part)
        ]
        found += (
            ["half"]
            if changed == ["hour"] and "hour" in found
            else changed
            if changed[0] not in found
            else []
        )
    page.close()
    return tuple("hour of twelve" if part == "hour" and "half" in found else part for part in found)


class Person:
    """One page in one browser context, driven by the mouse or by the keyboard."""

    def __init__(self, page, means: str) -> None:
        self.page = page
        self.means = means

    @property
    def keyboard(self) -> bool:
        return self.means == "keyboard"

    def open(self, url: str) -> None:
        self.page.goto(url)

    def reach(self, target) -> None:
        """Press Tab until `target` has the focus, and look whether one sees it."""
        handle = target.element_handle(timeout=PATIENCE)
        for _ in range(MOST_TABS):
            if handle.evaluate("(e) => document.activeElement === e"):
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"Tab never reached {handle.evaluate('(e) => e.outerHTML.slice(0, 200)')}")
        seen = handle.evaluate(SEES_FOCUS)
        for _ in range(20):
            if seen["inside"]:
                break
            self.page.wait_for_timeout(100)  # the page is still scrolling there
            seen = handle.evaluate(SEES_FOCUS)
        assert seen["outlined"], f"no focus to be seen on {seen['html']}"
        assert seen["inside"], f"the focus is off the screen on {seen['html']}"

    def field(self, label: str, *, within=None):
        """The field with that label, be it marked as optional or not."""
        return (within or self.page).get_by_label(re.compile(rf"^{re.escape(label)}( \(optional\))?$"))

    def unfold(self, name: str) -> None:
        """Open what is folded away under these words."""
        self.use(self.page.locator("summary").get_by_text(name, exact=True).first)

    def press(self, name: str, role: str = "button", *, within=None, exact: bool = True) -> None:
        """Press a button, or follow a link, by the name it is read out with."""
        self.use((within or self.page).get_by_role(role, name=name, exact=exact).first)

    def follow(self, name: str, *, within=None, exact: bool = True) -> None:
        self.press(name, "link", within=within, exact=exact)

    def use(self, target) -> None:
        """Click, or come to it by Tab and press Enter."""
        expect(target).to_be_visible(timeout=PATIENCE)
        if self.keyboard:
            self.reach(target)
            self.page.keyboard.press("Enter")
        else:
            target.click()

    def agree(self, name: str) -> None:
        """Press a button that asks first, and say yes in its dialog."""
        self.use(self.page.locator("details.confirm > summary").get_by_text(name, exact=True).first)
        self.press(f"Yes: {name}", within=self.page.get_by_role("dialog"))

    def fill(self, label: str, text: str, *, within=None) -> None:
        field = self.field(label, within=within)
        if self.keyboard:
            self.reach(field)
            self.page.keyboard.press("Control+A")
        else:
            field.click(click_count=3)
            field.press("Control+A")
        self.page.keyboard.type(text)
        assert field.input_value() == text

    def tick(self, label: str | re.Pattern) -> None:
        """Tick a check box."""
        box = self.page.get_by_role("checkbox", name=label)
        if self.keyboard:
            self.reach(box)
            self.page.keyboard.press("Space")
        else:
            self.page.locator("label", has=box).click()
        expect(box).to_be_checked()

    def choose(self, label: str | re.Pattern) -> None:
        """Choose one radio button of its group: with arrows, as the group is one stop."""
        radio = self.page.get_by_role("radio", name=label)
        if not self.keyboard:
            self.page.locator("label", has=radio).click()
        else:
            name = radio.get_attribute("name")
            group = self.page.locator(f'input[type=radio][name="{name}"]')
            checked = self.page.locator(f'input[type=radio][name="{name}"]:checked')
            self.reach(checked if checked.count() else group.first)
            self.page.keyboard.press("Space")
            for _ in range(group.count()):
                if radio.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
        expect(radio).to_be_checked()

    def pick(self, label: str, option: str, *, within=None) -> None:
        """Pick an option of a list."""
        field = self.field(label, within=within)
        if self.keyboard:
            self.reach(field)
            names = field.locator("option").all_inner_texts()
            now = field.evaluate("(e) => e.selectedIndex")
            steps = names.index(option) - now
            for _ in range(abs(steps)):
                self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        else:
            field.select_option(label=option)
        assert field.evaluate("(e) => e.selectedOptions[0].textContent.trim()") == option

    def set_time(self, label: str, moment, *, within=None) -> None:
        """Fill in a local date and time: with the keyboard part by part, in the order this Chromium asks for."""
        self._set(self.field(label, within=within), moment, f"{moment:%Y-%m-%dT%H:%M}", tuple(TYPED))

    def set_day(self, label: str, day, *, within=None) -> None:
        """Fill in a day."""
        self._set(self.field(label, within=within), day, day.isoformat(), ("year", "month", "day"))

    def _set(self, field, moment, value: str, asked) -> None:
        if self.keyboard:
            self.reach(field)
            parts = [part for part in parts_of_a_time(self.page.context) if part in asked]
            for _ in parts:
                self.page.keyboard.press("ArrowLeft")
            for part in parts:
                self.page.keyboard.type(TYPED[part](moment))
                if part == "year":
                    self.page.keyboard.press("ArrowRight")
        else:
            field.fill(value)
        assert field.input_value() == value

    def hand_over(self, label: str, path) -> None:
        """Choose a file, in the dialog that the press opens."""
        field = self.field(label)
        with self.page.expect_file_chooser() as chooser:
            self.use(field)
        chooser.value.set_files(path)

    def reads(self, text: str | re.Pattern, *, within: str = "main") -> None:
        """See a text on the page."""
        expect(self.page.locator(within)).to_contain_text(text, timeout=PATIENCE)

    def heading(self, text: str | re.Pattern) -> None:
        expect(self.page.locator("h1:visible")).to_have_text(text, timeout=PATIENCE)

    def waits_for(self, text: str | re.Pattern, *, tries: int = 60, within: str = "main") -> None:
        """Reload until a text stands on the page, as people do."""
        for _ in range(tries):
            if self.page.locator(within).get_by_text(text).count():
                return
            self.page.wait_for_timeout(500)
            self.page.reload()
        self.reads(text, within=within)


@contextmanager
def arriving(chromium, union, screen, means):
    """Yield arrive(member_id=None, lands="/home"): somebody new at a browser of that way; quiet to the end."""
    opened, ear = [], Ear()

    def arrive(member_id=None, lands="/home"):
        context = chromium.new_context(
            viewport={"width": screen[0], "height": screen[1]}, locale="en-GB", accept_downloads=True
        )
        opened.append(context)
        page = context.new_page()
        ear.listen(page)
        person = Person(page, means)
        if member_id is None:
            person.open(union.url)
        else:
            person.open(union.link(member_id, lands))
            person.use(page.locator("main form button"))
            page.wait_for_url(f"**{lands}")
        return person

    yield arrive
    for context in opened:
        context.close()
    # A form that was refused on purpose answers 422, and Chromium says so.
    assert [one for one in ear.heard() if "status of 422" not in one] == []
