"""What must hold of every page, seen by Chromium: each check returns what is wrong, so that a planted fault can be shown."""

import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import axe_playwright_python

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))

# Axe takes every <svg> for a picture and cannot see what is behind words inside it; tests/rules/test_stylesheet.py
# measures those colours instead.
UNSEEN = {"color-contrast": "<text"}

OK = 200
PHONE, DESK = (375, 800), (1280, 900)

TARGETS = """() => [...document.querySelectorAll(
    "button, .button, summary, .input, .choice, .nav a, .foot a, .brand, select, input[type=submit]")]
  .filter((e) => !e.matches(".hidden[aria-hidden=true][tabindex='-1']") && e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}))
  .map((e) => [e.getBoundingClientRect(), e])
  .filter(([box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
  .map(([box, e]) => `${Math.round(box.width)}x${Math.round(box.height)} ${e.outerHTML.slice(0, 160)}`)"""

BEYOND = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const found = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > wide + 1
    && !e.closest(".scroll, pre, .hidden") && e.checkVisibility());
  return [`${document.documentElement.scrollWidth} > ${wide}`, ...found.slice(0, 5).map((e) => e.outerHTML.slice(0, 160))];
}"""

CUT = """() => [...document.querySelectorAll("pre, .scroll, code")]
  .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "hidden")
  .map((e) => `cut off: ${e.outerHTML.slice(0, 160)}`)"""

# Only what is wrong is carried over to Python: the rest is long.
JUDGE = """async () => {
  const found = await axe.run({resultTypes: ["violations", "incomplete"]});
  const short = (rules) => rules.flatMap((rule) => rule.nodes.map((node) => [rule.id, node.html.slice(0, 160)]));
  return {violations: short(found.violations), incomplete: short(found.incomplete)};
}"""


@dataclass
class Ear:
    """What a page says to the console, which is where the policy's reports and broken scripts end."""

    said: list[str] = field(default_factory=list)

    def listen(self, page):
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))
        return self

    def heard(self) -> list[str]:
        """Return what was said since the last time, and forget it."""
        said, self.said[:] = list(self.said), []
        return said


def size(page, screen) -> None:
    page.set_viewport_size({"width": screen[0], "height": screen[1]})


def headings(page) -> list[str]:
    count = page.locator("h1:visible").count()
    return [] if count == 1 else [f"{count} visible h1"]


def overflow(page) -> list[str]:
    return page.evaluate(BEYOND) + page.evaluate(CUT)


def targets(page) -> list[str]:
    return [f"too small to hit: {one}" for one in page.evaluate(TARGETS)]


def axe(page) -> list[str]:
    """Run axe-core, which the context has put into the page; return violations, and what it could not decide."""
    found = page.evaluate(JUDGE)
    wrong = [f"axe {rule}: {html}" for rule, html in found["violations"]]
    return wrong + [
        f"axe unsure of {rule}: {html}"
        for rule, html in found["incomplete"]
        if UNSEEN.get(rule, "\0") not in html
    ]


def everything(page) -> list[str]:
    return [*headings(page), *overflow(page), *targets(page), *axe(page)]


HREF = re.compile(r"""<a\s[^>]*?href="([^"]+)\"""")
# A step of a page that its script has not reached: nobody can follow a link there yet.
NOT_YET = re.compile(r"<section\s[^>]*\shidden>.*?</section>", re.DOTALL)


def links(html: str, base: str) -> list[str]:
    """Return the paths a page of ours links to that can be followed now, each once, without fragments."""
    hrefs = HREF.findall(NOT_YET.sub("", html))
    found = (urldefrag(urljoin(base, href.replace("&amp;", "&")))[0] for href in hrefs)
    here = urlsplit(base)
    ours = (urlsplit(one) for one in found)
    return list(
        dict.fromkeys(
            one.path + (f"?{one.query}" if one.query else "")
            for one in ours
            if (one.scheme, one.netloc) == (here.scheme, here.netloc)
        )
    )


def crawl(
    request, base: str, starts, kind_of, *, per_kind: int = 3
) -> tuple[dict[str, list[str]], list[str]]:
    """Follow links as whoever `request` belongs to; return kind of page → paths found, and links that lead nowhere.

    kind_of: path → name of the view that serves it, or None to leave it alone. per_kind: how many of each.
    """
    waiting, found, seen, dead = deque(starts), {}, set(starts), []
    while waiting:
        path = waiting.popleft()
        kind = kind_of(path)
        if kind is None or len(found.get(kind, ())) >= per_kind:
            continue
        answer = request.get(base + path)
        if answer.status != OK:
            dead.append(f"a link to {path}, which answers {answer.status}")
        if urlsplit(answer.url).path != urlsplit(path).path or "html" not in answer.headers["content-type"]:
            continue
        found.setdefault(kind, []).append(path)
        new = [one for one in links(answer.text(), answer.url) if one not in seen]
        seen.update(new)
        waiting.extend(new)
    return found, dead
