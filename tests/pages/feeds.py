"""Checks of feeds against what their specifications require: RFC 4287, and RSS 2.0."""

import re
import xml.etree.ElementTree as ET
from email.utils import parsedate_to_datetime

ATOM = "{http://www.w3.org/2005/Atom}"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def atom(content: bytes) -> list[str]:
    """What is wrong with an Atom feed (sections 4.1.1, 4.1.2, 4.2.6, 4.2.7), one sentence each."""
    feed = ET.fromstring(content)
    found = [] if feed.tag == f"{ATOM}feed" else [f"the root is {feed.tag}"]
    for place, node in [("feed", feed), *(("entry", entry) for entry in feed.findall(f"{ATOM}entry"))]:
        found += [
            f"{place}: {name} must be there once"
            for name in ("id", "title", "updated")
            if len(node.findall(f"{ATOM}{name}")) != 1
        ]
        if not re.match(r"[a-z][a-z0-9+.-]*:", node.findtext(f"{ATOM}id") or ""):
            found.append(f"{place}: id is no IRI")
        found += [
            f"{place}: {name} is no date of RFC 3339"
            for name in ("updated", "published")
            for date in node.findall(f"{ATOM}{name}")
            if not RFC3339.fullmatch(date.text or "")
        ]
        if not any(link.get("rel", "alternate") == "alternate" for link in node.findall(f"{ATOM}link")):
            found.append(f"{place}: neither content nor an alternate link")
    entries = feed.findall(f"{ATOM}entry")
    if feed.find(f"{ATOM}author/{ATOM}name") is None and any(
        e.find(f"{ATOM}author") is None for e in entries
    ):
        found.append("feed: no author, and an entry without one")
    if not any(link.get("rel") == "self" for link in feed.findall(f"{ATOM}link")):
        found.append("feed: no link to itself")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    if len(ids) != len(set(ids)):
        found.append("two entries with one id")
    return found


def rss(content: bytes) -> list[str]:
    """What is wrong with an RSS 2.0 feed, one sentence each."""
    feed = ET.fromstring(content)
    channel = feed.find("channel")
    if feed.tag != "rss" or feed.get("version") != "2.0" or channel is None:
        return ["not RSS 2.0"]
    found = [f"no {name}" for name in ("title", "link", "description") if not channel.findtext(name)]
    guids = []
    for item in channel.findall("item"):
        if not (item.findtext("title") or item.findtext("description")):
            found.append("an item without title and description")
        guids.append(item.findtext("guid"))
        try:
            if parsedate_to_datetime(item.findtext("pubDate") or "").tzinfo is None:
                found.append("a date without a zone")
        except (TypeError, ValueError):
            found.append("a date that is none")
    if None in guids or len(guids) != len(set(guids)):
        found.append("guids are missing or used twice")
    return found
