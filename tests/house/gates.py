"""The house rules as functions: source or app in, list of breaches out. Each keeps a planted fault in test_gates.py."""

import ast
import re
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent.parent
UNION = ROOT / "union"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "msg": None}
MESSAGE_FIELD = re.compile(r"%\((\w+)\)[sd]")

# Who may begin and end transactions by hand, and why.
COMMITS = {
    "union/core/db.py",  # the one place
}
# Columns in which a member and a ballot's or pledge's content could meet; see `linked_columns`.
MEMBER_WORDS = {
    "member",
    "member_id",
    "voter",
    "person",
    "actor",
    "actor_id",
    "user_id",
    "email",
    "phone",
    "address",
}
TIME_TYPES = {"Instant", "DateTime"}


def commits(path: str, source: str) -> list[str]:
    """Every call of .commit() outside the one place."""
    if path in COMMITS:
        return []
    return [
        f"{path}:{node.lineno} commits"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]


def opened_transactions(path: str, source: str) -> list[str]:
    """`transaction()` belongs to edges: views, commands, jobs, the roof."""
    edges = {"views", "cli", "jobs", "scheduler", "rotation", "demo", "bench", "delivery", "login", "testing"}
    if set(Path(path).with_suffix("").parts) & edges or path == "union/core/db.py":
        return []
    return [
        f"{path}:{node.lineno} opens a transaction"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "transaction"
    ]


def clock_readers(path: str, source: str) -> list[str]:
    """`utcnow` belongs to the same edges: below, `now` is an argument."""
    edges = {"views", "cli", "jobs", "scheduler", "rotation", "demo", "bench", "login", "testing"}
    if set(Path(path).with_suffix("").parts) & edges or path == "union/core/clock.py":
        return []
    return [
        f"{path}:{node.lineno} reads the clock"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "utcnow"
    ]


def modules() -> list[tuple[str, str]]:
    """(path from the root, source) of every module of the product."""
    return [(str(p.relative_to(ROOT)), p.read_text()) for p in sorted(UNION.rglob("*.py"))]


def unguarded(app) -> list[str]:
    """Endpoints whose view says neither @public nor @require."""
    from union.web.guards import guard_of

    return [name for name, view in app.view_functions.items() if guard_of(view) is None]


def extracted(folder: Path) -> dict[str, set[str]]:
    """Message id → files of everything a room marks for translation, templates included."""
    found: dict[str, set[str]] = {}
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.html")]):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {} if path.suffix == ".py" else {"trimmed": "true", "silent": "false"}
        for _line, message, _comments, _context in extract(
            method, BytesIO(path.read_bytes()), KEYWORDS, (), options
        ):
            for one in [message] if isinstance(message, str) else message[:1]:
                if one:
                    found.setdefault(one, set()).add(str(path.relative_to(ROOT)))
    return found


def known_words(language: str) -> dict[str, tuple[str, ...]]:
    """Everything any room has a translation for."""
    from union.core.i18n import catalog

    return catalog(language)


def untranslated(found: dict[str, set[str]], known: dict[str, tuple[str, ...]]) -> list[str]:
    """Messages without a Dutch text, or whose Dutch text lost or gained a field."""
    problems = []
    for message, files in sorted(found.items()):
        if message not in known:
            problems.append(f"{min(files)}: no Dutch for {message!r}")
            continue
        fields = set(MESSAGE_FIELD.findall(message))
        # a singular may leave the number out
        problems += [
            f"{min(files)}: other fields in the Dutch for {message!r}"
            for words in known[message]
            if set(MESSAGE_FIELD.findall(words)) - {"n", "num"} != fields - {"n", "num"}
        ]
    return problems


def contradictions(paths: list[Path]) -> list[str]:
    """A message that two rooms translate differently: one of them would win by chance."""
    seen: dict[str, tuple[str, str]] = {}
    problems = []
    for path in paths:
        with path.open("rb") as po:
            for message in read_po(po):
                key = message.id if isinstance(message.id, str) else message.id[0] if message.id else ""
                if not key:
                    continue
                words = str(message.string)
                if key in seen and seen[key][1] != words:
                    problems.append(f"{path.parent.name} and {seen[key][0]} disagree on {key!r}")
                seen.setdefault(key, (path.parent.name, words))
    return problems


def linked_columns(table, *, private: set[str]) -> list[str]:
    """What in a table with private content could lead to a member: a column, a foreign key, a time, an audit id.

    private: names of tables that hold the content of a cast ballot.
    """
    if table.name not in private:
        return []
    problems = []
    for column in table.columns:
        if column.name in MEMBER_WORDS or column.name.endswith("member_id"):
            problems.append(f"{table.name}.{column.name} names a member")
        if type(column.type).__name__ in TIME_TYPES or column.name.endswith("_at"):
            problems.append(f"{table.name}.{column.name} is a time")
        problems += [
            f"{table.name}.{column.name} points to {key.target_fullname}"
            for key in column.foreign_keys
            if key.target_fullname.split(".")[0]
            in {"member", "roll_entry", "member_session", "outbox", "audit_entry"}
        ]
    return problems
