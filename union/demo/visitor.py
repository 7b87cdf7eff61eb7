"""A person with a browser, as far as the story needs one: cookies, pages, forms filled in and sent."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from union.web.i18n import SWITCH

TIMEOUT = 60
Facts = Mapping[str, str | list[str]]
FIRST_HOME = int(ipaddress.ip_address("127.1.0.1"))


class Unexpected(Exception):
    """A page was not the one the story goes on with."""


class FromHome(HTTPAdapter):
    """Connects from an address of one's own: 300 people do not share one device."""

    def __init__(self, home: str) -> None:
        self.home = home
        # as a browser does: the server may close a line that lay idle just when it is used again
        again = Retry(total=2, allowed_methods={"GET"}, backoff_factor=0.1)
        super().__init__(pool_maxsize=1, max_retries=again)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own signature
        """Bind each connection to the home address."""
        kwargs["source_address"] = (self.home, 0)
        super().init_poolmanager(*args, **kwargs)


@dataclass
class Filled:
    """One form of a page with what it holds."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """The forms, the heading and the errors of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Filled] = []
        self.heading = ""
        self.token = ""
        self._select = ""
        self._area = ""
        self._in_h1 = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what a browser would send."""
        a = {name: value or "" for name, value in attrs}
        if tag == "h1":
            self._in_h1 = True
        elif "data-csrf" in a:
            self.token = a["data-csrf"]
        elif tag == "button" and a.get("name") == SWITCH:
            self.forms.pop()  # it sends what this page answered once more, only to see it in another language
        elif tag == "form":
            self.forms.append(Filled(a.get("action", ""), a.get("method", "get").lower()))
        elif self.forms:
            self._control(tag, a, attrs)

    def _control(self, tag: str, a: dict[str, str], attrs: list[tuple[str, str | None]]) -> None:
        values, name = self.forms[-1].values, a.get("name", "")
        given = {key for key, _ in attrs}
        if tag == "input" and name:
            if a.get("type") in {"radio", "checkbox"}:
                if "checked" in given:
                    values.setdefault(name, []).append(a.get("value", "on"))
            elif a.get("type") not in {"submit", "file"}:
                values[name] = [a.get("value", "")]
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            values.setdefault(self._select, []).append(a.get("value", ""))
        elif tag == "textarea":
            self._area = name
            values[name] = [""]

    def handle_endtag(self, tag: str) -> None:
        """Leave what ended."""
        if tag == "h1":
            self._in_h1 = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """Keep the heading and what stands in text areas."""
        if self._in_h1:
            self.heading += data
        if self._area and self.forms:
            self.forms[-1].values[self._area][0] += data


class Visitor:
    """One person's browser."""

    def __init__(self, base: str, number: int) -> None:
        self.base = base
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update({"Accept-Language": "en"})
        self.http.mount("http://", FromHome(str(ipaddress.ip_address(FIRST_HOME + number))))
        self.url = base
        self.page = Page("")
        self.text = ""

    def open(self, path: str) -> Page:
        """Visit an address; raises Unexpected on anything but a page."""
        return self._shown(self.http.get(urljoin(self.base, path), timeout=TIMEOUT))

    def _shown(self, answer: requests.Response) -> Page:
        if answer.status_code >= requests.codes.bad_request:
            page = Page(answer.text)
            raise Unexpected(
                f"{answer.request.method} {answer.url}: {answer.status_code} {page.heading.strip()}"
            )
        self.url, self.text = answer.url, answer.text
        self.page = Page(answer.text)
        return self.page

    def send(self, action: str = "", /, **facts: str | list[str]) -> Page:
        """Fill in and send the form whose address ends in `action`, else the page's last POST form."""
        return self.fill(facts, action)

    def fill(self, facts: Facts, action: str = "", *, follow: bool = True) -> Page:
        """Do what `send` does with a mapping; raises Unexpected when there is no such form.

        follow: whether to go where the answer sends us.
        """
        here = urlsplit(self.url).path
        forms = [f for f in self.page.forms if f.method == "post" and not f.action.endswith("/sign-out")]
        if action:
            forms = [f for f in forms if (urlsplit(f.action).path or here).endswith(action)]
        if not forms:
            raise Unexpected(f"no form {action!r} at {self.url} ({self.page.heading.strip()})")
        form = forms[-1]
        values = {**form.values, **{k: [v] if isinstance(v, str) else v for k, v in facts.items()}}
        address = urljoin(self.url, form.action)
        return self._shown(self.http.post(address, data=values, timeout=TIMEOUT, allow_redirects=follow))

    def post_json(self, path: str, content: dict[str, str]) -> dict[str, Any]:
        """Send JSON as the booth does, with the page's token; raises Unexpected with the refusal's name."""
        answer = self.http.post(
            urljoin(self.base, path), json=content, timeout=TIMEOUT, headers={"X-CSRFToken": self.page.token}
        )
        found: dict[str, Any] = answer.json()
        if not answer.ok:
            raise Unexpected(f"{path}: {found.get('error')}: {found.get('message')}")
        return found
