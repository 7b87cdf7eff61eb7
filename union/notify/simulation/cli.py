"""The command: read what is asked, plan, print a table, draw."""

import csv
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo, available_timezones

import click

from union.core.clock import stopwatch, utcnow
from union.notify.rules import capacity, segments
from union.notify.rules.hours import Quiet
from union.notify.rules.simulation import WORLD, Call, Fate, Told, simulate, spread
from union.notify.simulation.drawing import draw

EMAIL = capacity.Route("email", 100, slowest=60.0)


class RouteParam(click.ParamType[capacity.Route]):
    """NAME[:RATE[:CAP]], such as short-code, or t-mobile:75:200000."""

    name = "route"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> capacity.Route:
        """Read it; a known name gives the rate."""
        name, _, rest = value.partition(":")
        rate, _, cap = rest.partition(":")
        known = capacity.ROUTES.get(name)
        if not rate and known is None:
            self.fail(f"{name} is none of {', '.join(capacity.ROUTES)}; give its rate: {name}:25", param, ctx)
        try:
            per_second = float(rate) if rate else known.per_second if known else 0.0
            made = capacity.Route(name, per_second, int(cap) if cap else None)
        except ValueError:
            self.fail(f"{value} is not NAME:SEGMENTS-A-SECOND:SEGMENTS-A-DAY", param, ctx)
        if made.per_second <= 0 or (made.daily_cap or 1) <= 0:
            self.fail(f"{value}: rate and cap must be more than nothing", param, ctx)
        return made


class QuietParam(click.ParamType[Quiet]):
    """Hours between which nobody is texted: 21-8, or 0-0 for none."""

    name = "quiet"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Quiet:
        """Read it."""
        starts, _, ends = value.partition("-")
        try:
            return Quiet(time(int(starts) % 24), time(int(ends) % 24))
        except ValueError:
            self.fail(f"{value} is not two hours, such as 21-8", param, ctx)


@click.command("simulate")
@click.option("--members", type=click.IntRange(1, 100_000_000), default=1_000_000, show_default=True)
@click.option(
    "--zones", type=click.File(encoding="utf-8-sig"), help="CSV of zone,members instead of the whole world."
)
@click.option("--at", help="When it starts, 2026-12-01T18:00 in --zone. Default: in two days, on the hour.")
@click.option("--zone", default="UTC", show_default=True, help="The zone of --at.")
@click.option("--ahead", type=click.FloatRange(0.1, 240), default=24.0, show_default=True, help="Hours.")
@click.option("--route", "routes", type=RouteParam(), multiple=True, help="NAME[:RATE[:CAP]], repeatable.")
@click.option(
    "--latency", type=click.FloatRange(0), default=30.0, show_default=True, help="Slowest handset, s."
)
@click.option("--email-rate", type=click.FloatRange(0.1), default=100.0, show_default=True)
@click.option("--quiet", type=QuietParam(), default="21-8", show_default=True, help="Local hours.")
@click.option("--text", default="", help="The text; its segments are counted.")
@click.option("--phones", type=click.IntRange(0, 100), default=90, show_default=True, help="Per cent.")
@click.option("--emails", type=click.IntRange(0, 100), default=80, show_default=True, help="Per cent.")
@click.option("--to-act", type=click.FloatRange(0), default=15.0, show_default=True, help="Minutes.")
@click.option("--margin", type=click.FloatRange(0), default=5.0, show_default=True, help="Minutes.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def simulation(  # noqa: PLR0913 - one for each option
    *,
    members: int,
    zones: TextIO | None,
    at: str | None,
    zone: str,
    ahead: float,
    routes: tuple[capacity.Route, ...],
    latency: float,
    email_rate: float,
    quiet: Quiet,
    text: str,
    phones: int,
    emails: int,
    to_act: float,
    margin: float,
    svg: Path | None,
    as_json: bool,
) -> None:
    """Plan a call to MEMBERS all over the world and say who would have it when.

    Nothing is sent. The same rules plan real calls: quiet hours in each member's zone, the zone whose
    permitted hours end first before the others, rates and daily caps of routes, email for what does not fit.
    """
    crowd = _crowd(zones) if zones else spread(members, WORLD)
    starts = _instant(at, zone)
    call = Call(
        starts, starts - timedelta(hours=ahead), timedelta(minutes=to_act), timedelta(minutes=margin),
        segments.count(text).segments, Fraction(phones, 100), Fraction(emails, 100),
    )  # fmt: skip
    if call.latest <= call.begins_at:
        raise click.UsageError("--ahead leaves no time: it must be more than --to-act and --margin together")
    chosen = routes or (capacity.ROUTES["short-code"],)
    if len({route.name for route in chosen}) < len(chosen):
        raise click.UsageError("name each --route differently, such as code-a:100 and code-b:100")
    chosen = tuple(replace(route, slowest=latency) for route in chosen)
    began = stopwatch()
    told = simulate(crowd, call, routes=chosen, email=replace(EMAIL, per_second=email_rate), quiet=quiet)
    took = stopwatch() - began
    if svg:
        svg.write_text(str(draw(told, quiet)))
    click.echo(_as_json(told, took) if as_json else _table(told, took))


def _crowd(zones: TextIO) -> dict[str, int]:
    found: dict[str, int] = {}
    known = available_timezones()
    for n, row in enumerate(csv.reader(zones), 1):
        if not row or (n == 1 and row[0] == "zone"):
            continue
        if len(row) != 2 or row[0] not in known or not row[1].strip().isdecimal():  # noqa: PLR2004 - two columns
            raise click.UsageError(f"--zones, line {n}: not a zone and a number: {','.join(row)[:60]}")
        found[row[0]] = found.get(row[0], 0) + int(row[1])
    if not found:
        raise click.UsageError("--zones names no zone")
    return found


def _instant(at: str | None, zone: str) -> datetime:
    if zone not in available_timezones():
        raise click.BadParameter(f"there is no zone {zone}; one is Europe/Amsterdam", param_hint="--zone")
    if at is None:
        return (utcnow() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    try:
        return datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError as problem:
        raise click.BadParameter(f"{at} is not like 2026-12-01T18:00", param_hint="--at") from problem


def _local(at: datetime | None, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %H:%M}" if at else "-"


COLUMNS = "{:20} {:>9} {:>11} {:>11} {:>9} {:>9} {:>7} {:>9} {:>9}"


def _numbers(*counts: int) -> list[str]:
    return [f"{count:,}" for count in counts]


def _line(fate: Fate, call: Call) -> str:
    before = f"{(call.starts_at - fate.last).total_seconds() / 3600:.1f} h" if fate.last else "-"
    return COLUMNS.format(
        fate.zone, _local(call.starts_at, fate.zone), *_numbers(fate.members, fate.texts),
        _local(fate.first, fate.zone), _local(fate.last, fate.zone), before,
        *_numbers(fate.mails, fate.nobody),
    )  # fmt: skip


def _table(told: Told, took: float) -> str:
    call = told.call
    began = f"Starts {call.starts_at:%a %Y-%m-%d %H:%M} UTC; sending begins {call.begins_at:%a %H:%M}"
    lines = [
        f"{began}; the last must know at {call.latest:%a %H:%M}. Times below are local.",
        "",
        COLUMNS.format(
            "zone", "starts", "members", "by text", "first", "last", "before", "by email", "nobody"
        ),
        *(_line(fate, call) for fate in told.fates),
        COLUMNS.format("all", "", *_numbers(told.count("members"), told.count("texts")), "", "", "",
                       *_numbers(told.count("mails"), told.count("nobody"))),
        "",
    ]  # fmt: skip
    lines += [f"{name}: {count:,} segments" for name, count in told.used.items()]
    lines += _sentences(told)
    lines.append(f"Planned in {took:.2f} s.")
    return "\n".join(lines)


def _sentences(told: Told) -> list[str]:
    call, lines = told.call, []
    if told.texts_at:
        ahead = (call.starts_at - told.texts_at).total_seconds() / 60
        lines.append(f"The last text is there at {told.texts_at:%a %H:%M:%S} UTC, {ahead:.0f} min before.")
    if moved := told.count("moved"):
        lines.append(f"{moved:,} texts fit no permitted hour and go by email.")
    if told.mails_at:
        late = "" if told.mails_in_time else ", TOO LATE: raise --email-rate or begin earlier"
        lines.append(f"The last email is there at {told.mails_at:%a %H:%M:%S} UTC{late}.")
    if nobody := told.count("nobody"):
        lines.append(f"{nobody:,} members cannot be reached in time: no channel, or no hour and no email.")
    return lines


def _as_json(told: Told, took: float) -> str:
    def plain(value: object) -> str | int | None:
        if isinstance(value, datetime):
            return value.isoformat()
        return value if isinstance(value, int) or value is None else str(value)

    return json.dumps(
        {
            "starts_at": told.call.starts_at.isoformat(),
            "begins_at": told.call.begins_at.isoformat(),
            "latest": told.call.latest.isoformat(),
            "zones": [{name: plain(value) for name, value in asdict(fate).items()} for fate in told.fates],
            "segments": dict(told.used),
            "texts_at": plain(told.texts_at),
            "mails_at": plain(told.mails_at),
            "mails_in_time": told.mails_in_time,
            "seconds": round(took, 3),
        },
        indent=2,
    )
