"""A test client that lints every HTML page any test renders."""

from html.parser import HTMLParser

from flask.testing import FlaskClient

from union.web.headers import HEADERS, policy

VOID_LABELS = {"hidden", "submit", "button", "image", "reset"}


class Page(HTMLParser):
    """Collects what the lint looks at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.inputs: list[tuple[str, dict]] = []
        self.h1 = 0
        self.title = ""
        self.lang = ""
        self.targets: list[str] = []
        self._in_title = False
        self._label_depth = 0
        self._html = html
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if "id" in a:
            self.ids.append(a["id"])
        if tag == "html":
            self.lang = a.get("lang", "")
        if tag == "h1":
            self.h1 += 1
        if tag == "title" and not self.title:
            self._in_title = True
        if tag == "label":
            self._label_depth += 1
            if a.get("for"):
                self.labels.add(a["for"])
        if tag in {"input", "select", "textarea"} and a.get("type") not in VOID_LABELS:
            self.inputs.append((tag, {**a, "_inside": self._label_depth > 0}))
        if tag == "img" and "alt" not in a:
            self.problems.append("an img without alt")
        if "style" in a:
            self.problems.append(f"a style attribute on <{tag}>")
        self.problems += [f"an inline handler {n} on <{tag}>" for n in a if n.startswith("on")]
        if tag == "script" and "src" not in a and a.get("type") != "application/json":
            self.problems.append("an inline script")
        if tag == "style":
            self.problems.append("an inline style element")
        if tag == "a" and a.get("href", "").startswith("#") and len(a["href"]) > 1:
            self.targets.append(a["href"][1:])
        if tag == "form" and (a.get("method") or "").lower() == "post" and not a.get("action", "x"):
            self.problems.append("a POST form with an empty action")
        for name in ("aria-describedby", "aria-labelledby"):
            self.targets += (a.get(name) or "").split()

    def handle_endtag(self, tag):
        if tag == "title":
            self._in_title = False
        if tag == "label":
            self._label_depth -= 1

    def handle_data(self, data):
        if self._in_title:
            self.title += data


def lint(html: str) -> list[str]:
    """Return what is wrong with a page, one sentence each."""
    page = Page(html)
    found = list(page.problems)
    if not page.title.strip():
        found.append("no title")
    if page.h1 != 1:
        found.append(f"{page.h1} h1 elements")
    if not page.lang:
        found.append("no language on html")
    found += [f"id {i} used twice" for i in sorted({i for i in page.ids if page.ids.count(i) > 1})]
    found += [f"#{t} points nowhere" for t in page.targets if t not in page.ids]
    for tag, attrs in page.inputs:
        labelled = (
            attrs.get("id") in page.labels
            or attrs["_inside"]
            or attrs.get("aria-label")
            or attrs.get("aria-labelledby")
        )
        if not labelled:
            found.append(f"<{tag} name={attrs.get('name')}> without a label")
    if "{{" in html or "{%" in html:
        found.append("a template tag in the output")
    return found


class LintingClient(FlaskClient):
    """Every HTML answer is linted and every answer must carry the security headers."""

    def open(self, *args, **kwargs):
        response = super().open(*args, **kwargs)
        path = response.request.path
        if "/static/" not in path:
            own = policy(trusted_types="union-worker") if path == "/account/messages" else policy()
            assert response.headers["Content-Security-Policy"] in {own, policy(embeddable=True)}
            for name in HEADERS:
                assert (
                    name in response.headers
                    or "frame-ancestors *" in response.headers["Content-Security-Policy"]
                ), name
        if response.mimetype == "text/html" and response.status_code not in {301, 302, 303, 308}:
            problems = lint(response.get_data(as_text=True))
            assert not problems, f"{path}: {problems}"
        return response
