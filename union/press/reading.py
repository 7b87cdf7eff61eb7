"""A page's article taken apart into what can be printed: headings, paragraphs, tables, drawings. Pure.

It knows the house's own templates, whose HTML is checked in tests, and no other HTML. What is for screens
alone (class no-print, buttons, scripts) is left out, what is for paper alone is in.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from union.press.cleaning import cleaned


@dataclass
class Node:
    """An element of the page. inside: elements and texts in their order."""

    tag: str
    facts: dict[str, str]
    inside: "list[Node | str]" = field(default_factory=list)

    @property
    def classes(self) -> frozenset[str]:
        """The element's classes."""
        return frozenset(self.facts.get("class", "").split())

    @property
    def children(self) -> "Iterator[Node]":
        """The elements directly inside."""
        return (child for child in self.inside if isinstance(child, Node))

    def find(self, *tags: str) -> "Iterator[Node]":
        """All elements of these kinds inside, in their order."""
        for child in self.children:
            if child.tag in tags:
                yield child
            yield from child.find(*tags)


@dataclass(frozen=True)
class Run:
    """Words in one type. mono: a fingerprint or a command, which may break anywhere."""

    text: str
    bold: bool = False
    mono: bool = False


Runs = tuple[Run, ...]


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 3."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Words. mark: what stands before an entry of a list. small: an aside."""

    runs: Runs
    mark: str = ""
    small: bool = False


@dataclass(frozen=True)
class Facts:
    """Names with what belongs to each."""

    rows: tuple[tuple[str, Runs], ...]


@dataclass(frozen=True)
class Table:
    """Rows under a heading row; numeric: the columns of numbers."""

    caption: str
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]


@dataclass(frozen=True)
class Drawing:
    """A figure the server drew."""

    svg: Node


@dataclass(frozen=True)
class Signing:
    """Columns of lines to sign. None stands for a line, a text for what belongs under or over it."""

    columns: tuple[tuple[str | None, ...], ...]


Block = Heading | Paragraph | Facts | Table | Drawing | Signing

_VOID = frozenset({"br", "wbr", "img", "input", "hr", "meta", "link"})
_LEFT_OUT = frozenset({"script", "style", "form", "button", "nav", "template", "head", "title", "desc"})
_BLOCKS = frozenset(
    [
        "article",
        "section",
        "div",
        "details",
        "p",
        "h1",
        "h2",
        "h3",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "pre",
        "summary",
        "figure",
        "svg",
    ]
)
_BOLD = frozenset({"b", "strong", "th", "h1", "h2", "h3", "summary"})
_MONO = frozenset({"code", "pre"})
_GAP = re.compile(r"[ \n]+")


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].inside.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        places = [place for place, node in enumerate(self.open) if node.tag == tag]
        if places:
            del self.open[places[-1] :]

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def blocks_of(page: str) -> tuple[Block, ...]:
    """Return what the page's article says, in its order. Raises ValueError when it has none."""
    tree = _Tree()
    tree.feed(page)
    tree.close()
    article = next(tree.root.find("article"), None)
    if article is None:
        problem = "a page without an article cannot be printed"
        raise ValueError(problem)
    return tuple(_blocks(article))


def _skipped(node: Node) -> bool:
    return node.tag in _LEFT_OUT or bool(node.classes & {"no-print", "glyph"})


def _blocks(node: Node) -> Iterator[Block]:
    """Yield the blocks inside an element; words between blocks make a paragraph of their own."""
    loose: list[Node | str] = []
    for child in node.inside:
        if isinstance(child, Node) and _skipped(child):
            continue
        if isinstance(child, Node) and child.tag in _BLOCKS:
            yield from _paragraph(loose, node)
            loose = []
            yield from _block(child)
        else:
            loose.append(child)
    yield from _paragraph(loose, node)


def _block(node: Node) -> Iterator[Block]:
    if node.tag == "svg":
        yield Drawing(node)
    elif node.tag in {"h1", "h2", "h3"}:
        yield Heading(int(node.tag[1]), _text(node))
    elif node.tag == "dl":
        yield Facts(tuple(_facts(node)))
    elif node.tag == "table":
        yield _table(node)
    elif node.tag in {"ul", "ol"}:
        yield from _entries(node)
    elif node.classes & {"signatures", "signing"}:
        yield Signing(tuple(tuple(_signed(column)) for column in node.children))
    else:
        yield from _blocks(node)


def _paragraph(parts: list[Node | str], within: Node) -> Iterator[Paragraph]:
    kept = within.tag == "pre" or bool(within.classes & {"sheet__text", "letter__body"})
    bold = within.tag in _BOLD or "poster" in within.classes
    plain = Run("", bold=bold, mono=within.tag in _MONO or "mono" in within.classes)
    runs = _joined(_runs(parts, plain), kept=kept)
    if runs:
        yield Paragraph(runs, small="small" in within.classes)


def _entries(node: Node) -> Iterator[Block]:
    entries = [child for child in node.children if child.tag == "li"]
    for place, entry in enumerate(entries, start=1):
        runs = _joined(_runs(entry.inside, Run("")))
        numbered = node.tag == "ol" and not (runs and runs[0].text.startswith(f"{place}."))
        if runs:
            yield Paragraph(runs, f"{place}." if numbered else "" if node.tag == "ol" else "\N{EN DASH}")


def _facts(node: Node) -> Iterator[tuple[str, Runs]]:
    for term, value in zip(node.find("dt"), node.find("dd"), strict=True):
        yield _text(term), _joined(_runs(value.inside, Run("", mono="mono" in value.classes)))


def _table(node: Node) -> Table:
    caption = next(node.find("caption"), None)
    rows = [tuple(cell for cell in row.children if cell.tag in {"th", "td"}) for row in node.find("tr")]
    numeric = frozenset(place for row in rows for place, cell in enumerate(row) if "num" in cell.classes)
    shown = caption is not None and "hidden" not in caption.classes
    cells = tuple(tuple(_text(cell) for cell in row) for row in rows)
    return Table(_text(caption) if caption and shown else "", cells, numeric)


def _signed(column: Node) -> Iterator[str | None]:
    if column.tag == "p":
        yield None
        yield _text(column)
        return
    for child in column.children:
        yield None if "line" in child.classes else _text(child)


def _text(node: Node) -> str:
    return " ".join("".join(run.text for run in _runs(node.inside, Run(""))).split())


def _runs(parts: Iterable[Node | str], plain: Run) -> Iterator[Run]:
    for part in parts:
        if isinstance(part, str):
            yield Run(cleaned(part), plain.bold, plain.mono)
        elif part.tag == "br":
            yield Run("\v", plain.bold, plain.mono)
        elif not _skipped(part) and part.tag not in {"svg", "wbr"}:
            tagged = "tag" in part.classes
            style = Run("", plain.bold or part.tag in _BOLD or tagged, plain.mono or part.tag in _MONO)
            yield from (Run(" [", style.bold),) if tagged else ()
            yield from _runs(part.inside, style)
            yield from (Run("] ", style.bold),) if tagged else ()


def _joined(runs: Iterable[Run], *, kept: bool = False) -> Runs:
    """Return runs with their white space as a browser shows it: one gap, none at the ends; kept: as is."""
    found: list[Run] = []
    for run in runs:
        text = run.text if kept else _GAP.sub(" ", run.text)
        if not kept and (not found or found[-1].text.endswith((" ", "\v"))):
            text = text.lstrip(" ")
        if not text:
            continue
        if found and (found[-1].bold, found[-1].mono) == (run.bold, run.mono):
            found[-1] = Run(found[-1].text + text, run.bold, run.mono)
        else:
            found.append(Run(text, run.bold, run.mono))
    if found:
        found[-1] = Run(found[-1].text.rstrip(), found[-1].bold, found[-1].mono)
    return tuple(Run(run.text.replace("\v", "\n"), run.bold, run.mono) for run in found if run.text)
