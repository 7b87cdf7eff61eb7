"""A drawing of who has a call when: a row for each zone, and how many have it as time goes.

One file that stands alone: geometry in attributes, colours in its own small stylesheet, light and dark.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from union.notify.rules.hours import Quiet, windows
from union.notify.rules.simulation import Fate, Told, growth

WIDE, LEFT, RIGHT = 1120, 210, 150
TOP, CURVE, ROW = 70, 120, 20
X = Callable[[datetime], float]

STYLE = Markup("""<style>
text{font:13px system-ui,sans-serif;fill:#1b1b1b} .h{font-size:18px;font-weight:600} .n{fill:#555}
.e{text-anchor:end} .m{text-anchor:middle} .bg{fill:#fff} .night{fill:#e3e1da} .day{fill:#f6f4ee}
.bar{fill:#9b1c1c} .line{fill:none;stroke:#9b1c1c;stroke-width:2} .stave{fill:#1b1b1b}
.latest{stroke:#1b1b1b;stroke-dasharray:4 3} .grid{stroke:#c9c6bc}
@media (prefers-color-scheme:dark){
text{fill:#eee} .n{fill:#aaa} .bg{fill:#161616} .night{fill:#2b2b2b} .day{fill:#3a3a38} .bar{fill:#ff8a80}
.line{stroke:#ff8a80} .stave{fill:#eee} .latest{stroke:#eee} .grid{stroke:#555}
}
</style>""")


def draw(told: Told, quiet: Quiet) -> Markup:
    """Return the SVG."""
    call = told.call
    span = (call.starts_at - call.begins_at).total_seconds()
    rows = sorted(told.fates, key=lambda fate: -_offset(fate.zone, call.starts_at))
    bottom = TOP + CURVE + 30 + ROW * len(rows)

    def x(at: datetime) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (at - call.begins_at).total_seconds() / span

    title = f"{told.count('members'):,} members in {len(rows)} zones"
    desc = (
        f"{told.count('texts'):,} by text, {told.count('mails'):,} by email, {told.count('nobody'):,} by "
        f"neither. It starts {call.starts_at:%a %Y-%m-%d %H:%M} UTC."
    )
    parts = [
        Markup('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img">').format(
            WIDE, bottom + 40
        ),
        Markup("<title>{}</title><desc>{}</desc>").format(title, desc),
        STYLE,
        Markup('<rect class="bg" width="{}" height="{}"/>').format(WIDE, bottom + 40),
        Markup('<text class="h" x="16" y="30">{}</text><text class="n" x="16" y="52">{}</text>').format(
            title, desc
        ),
    ]
    hours = _grid(call.begins_at, call.starts_at)
    parts += [_hour(x(at), at, bottom) for at in hours]
    parts.append(_curve(told, x_of=x))
    for n, fate in enumerate(rows):
        parts += _row(told, fate, TOP + CURVE + 30 + ROW * n, x, quiet)
    parts += [
        Markup('<path class="latest" d="M{0:.1f} {1}V{2}"/>').format(x(call.latest), TOP, bottom),
        Markup('<rect class="stave" x="{:.1f}" y="{}" width="3" height="{}"/>').format(
            x(call.starts_at) - 1.5, TOP, bottom - TOP
        ),
        Markup("</svg>\n"),
    ]
    return Markup("\n").join(parts)


def _offset(zone: str, at: datetime) -> float:
    found = at.astimezone(ZoneInfo(zone)).utcoffset()
    return found.total_seconds() if found is not None else 0.0


def _grid(since: datetime, until: datetime) -> list[datetime]:
    """Return full hours, about a dozen."""
    step = max(1, round((until - since).total_seconds() / 3600 / 12))
    at = since.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    found = []
    while at < until:
        if at.hour % step == 0:
            found.append(at)
        at += timedelta(hours=1)
    return found


def _hour(x: float, at: datetime, bottom: int) -> Markup:
    return Markup(
        '<path class="grid" d="M{0:.1f} {1}V{2}"/><text class="n m" x="{0:.1f}" y="{3}">{4:%H}</text>'
    ).format(x, TOP, bottom, bottom + 18, at)


def _curve(told: Told, x_of: X) -> Markup:
    """Draw how many have a text, as it grows."""
    points = growth(told)
    most = max(told.count("texts"), 1)
    path = "L".join(f"{x_of(at):.1f} {TOP + CURVE - CURVE * count / most:.1f}" for at, count in points)
    return Markup(
        '<path class="line" d="M{}"/><text class="e" x="{}" y="{}">{}</text>'
        '<text class="n e" x="{}" y="{}">{}</text>'
    ).format(
        path, LEFT - 8, TOP + 12, f"{most:,}", LEFT - 8, TOP + 30, "have a text"
    )  # fmt: skip


def _row(told: Told, fate: Fate, y: int, x: X, quiet: Quiet) -> list[Markup]:
    """Draw one zone: night and day, when its texts leave, and what does not fit."""
    call = told.call
    wide = x(call.starts_at) - LEFT
    parts = [
        Markup('<text class="e" x="{}" y="{}">{}</text>').format(LEFT - 8, y + 14, fate.zone),
        _rect("night", LEFT, y + 2, wide, ROW - 4),
    ]
    parts += [
        _rect("day", x(a), y + 2, x(b) - x(a), ROW - 4)
        for a, b in windows(call.begins_at, call.starts_at, fate.zone, quiet)
    ]
    parts += [
        _rect("bar", x(slot.starts), y + 4, max(1.5, x(slot.ends) - x(slot.starts)), ROW - 8)
        for slot in told.plan.slots
        if slot.zone == fate.zone
    ]
    note = f"{fate.texts:,}" + (f" + {fate.moved:,} mail" if fate.moved else "")
    parts.append(Markup('<text class="n" x="{}" y="{}">{}</text>').format(WIDE - RIGHT + 12, y + 14, note))
    return parts


def _rect(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
        kind, x, y, width, height
    )
