"""What organizers fill in about an action's plan."""

from collections.abc import Iterable
from zoneinfo import available_timezones

from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.actions.rules import kits, windows
from union.actions.rules.kits import KITS
from union.actions.rules.pacing import CHOICES
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind, Mode
from union.core.i18n import msg, translate
from union.web.fields import FILLED, moment_field
from union.web.forms import Form

BRIEFINGS = {
    48 * 60: msg("2 days before"),
    24 * 60: msg("24 hours before"),
    6 * 60: msg("6 hours before"),
    60: msg("1 hour before"),
    15: msg("15 minutes before"),
}
DECISIONS = {
    24 * 60: msg("24 hours before"),
    180: msg("3 hours before"),
    60: msg("1 hour before"),
    15: msg("15 minutes before"),
    2: msg("2 minutes before"),
}
TO_ACT = {
    60: msg("1 hour before"),
    30: msg("30 minutes before"),
    10: msg("10 minutes before"),
    0: msg("at the start"),
}
CHASES = {
    0: msg("not at all"),
    15: msg("after 15 minutes"),
    60: msg("after 1 hour"),
    6 * 60: msg("after 6 hours"),
    24 * 60: msg("after 24 hours"),
}
DELAYS = {
    0: msg("at once"),
    2: msg("2 minutes later"),
    5: msg("5 minutes later"),
    15: msg("15 minutes later"),
}
SENDERS = {
    "desk": msg("None: messages stay on the message desk"),
    "alphanumeric": msg("Sender name, 10 texts a second"),
    "toll-free": msg("Toll-free number, 3 a second"),
    "10dlc-low-volume": msg("Local number, low volume, 4 a second"),
    "10dlc-12": msg("Local numbers, 12 a second"),
    "10dlc-120": msg("Local numbers, 120 a second"),
    "10dlc-225": msg("Local numbers, 225 a second"),
    "short-code": msg("Short code, 100 a second"),
}
COMMON_ZONES = (
    "Europe/Amsterdam", "Europe/Berlin", "Europe/Brussels", "Europe/Lisbon", "Europe/London", "Europe/Madrid",
    "Europe/Paris", "Europe/Warsaw", "America/Los_Angeles", "America/New_York", "Asia/Kolkata", "UTC",
)  # fmt: skip


class PlanForm(Form):
    """An action's plan: what, when, how many, and how members are told."""

    title = StringField(
        msg("Name"),
        [InputRequired(FILLED), Length(2, 120)],
        description=msg("Members see it on their page and in their calendar, so keep it neutral."),
    )
    summary = TextAreaField(msg("What we do and why"), [InputRequired(FILLED), Length(1, 2000)])
    more_targets = StringField(
        msg("Other platforms"),
        [Optional(), Length(max=400)],
        description=msg(
            "Their names in the address of the directory, parted by commas, such as rijder, koerier."
        ),
    )
    mode = RadioField(
        msg("Which clock?"),
        [InputRequired(FILLED)],
        choices={
            Mode.INSTANT.value: msg("One moment for everybody"),
            Mode.WALL_CLOCK.value: msg("The same local time everywhere, zone after zone"),
        },
        default=Mode.INSTANT.value,
    )
    wall_start = moment_field(msg("Start"))
    wall_end = moment_field(
        msg("End"),
        msg("Leave it empty for an action that goes on until we call it off: nobody can wait that out."),
        optional=True,
    )
    zone = SelectField(msg("Time zone of these times"), [InputRequired(FILLED)])
    chapter = SelectField(
        msg("Who is called"),
        default="",
        description=msg("A chapter's own action calls its members alone; others may still join."),
    )
    floor = IntegerField(
        msg("Floor"),
        [InputRequired(FILLED), NumberRange(1, 10_000_000)],
        description=msg("Below this many members it does not happen."),
    )
    before = TextAreaField(
        msg("Before you start"),
        [Optional()],
        description=msg("One step on each line; what protects members first."),
    )
    steps = TextAreaField(
        msg("Steps"),
        [InputRequired(FILLED)],
        description=msg("One step on each line, in the order that counts."),
    )
    escalation = TextAreaField(
        msg("What comes after"),
        [Optional(), Length(max=2000)],
        description=msg("The next steps if they wait it out, and when members vote on going on."),
    )
    briefing = SelectField(msg("Members are briefed"), coerce=int, default=24 * 60)
    decision = SelectField(msg("Go or no-go, at the latest"), coerce=int, default=60)
    to_act = SelectField(msg("The last member must know"), coerce=int, default=10)
    sms_route = SelectField(msg("Sender of the texts"), default="alphanumeric")
    place = StringField(
        msg("Country whose holidays count"),
        [Optional(), Length(max=8)],
        description=msg("For notice in working days: NL, SE, or a region such as DE-BE."),
    )
    show_delay = SelectField(msg("The public count is shown"), coerce=int, default=0)
    chase = SelectField(msg("Who is not done is reminded"), coerce=int, default=60)
    announced = BooleanField(msg("Show the start on the public campaign page beforehand"))

    def offer(self, language: str, zones: Iterable[str], *, desk: bool) -> None:
        """Fill the choices in `language`. zones: nearest first. desk: there is no SMS provider."""

        def words(choices: dict[int, str]) -> dict[int, str]:
            return {minutes: translate(language, text) for minutes, text in choices.items()}

        known = [zone for zone in dict.fromkeys([*zones, *COMMON_ZONES]) if zone in available_timezones()]
        self.zone.choices = {zone: zone.replace("_", " ") for zone in known}
        self.briefing.choices = _with(words(BRIEFINGS), self.briefing.data)
        self.decision.choices = _with(words(DECISIONS), self.decision.data)
        self.to_act.choices = _with(words(TO_ACT), self.to_act.data)
        self.show_delay.choices = _with(words(DELAYS), self.show_delay.data)
        self.chase.choices = _with(words(CHASES), self.chase.data)
        self.sms_route.choices = {
            name: translate(language, SENDERS[name]) for name in CHOICES if desk or name != "desk"
        }
        if desk and not self.is_submitted() and not self.sms_route.data:
            self.sms_route.data = "desk"

    def plan(self, kind: Kind, target: str, language: str) -> Plan:
        """Return what was typed; raises Invalid for too many or too long steps.

        target: the campaign's platform.
        """

        def lines(text: str | None) -> tuple[str, ...]:
            typed = kits.lines_of(text or "")
            return tuple(kits.unchanged(typed, lambda step: translate(language, step)))

        more = [one.strip().lower() for one in (self.more_targets.data or "").split(",")]
        return Plan(
            kind=kind,
            title=self.title.data,
            summary=self.summary.data,
            targets=tuple(dict.fromkeys([target, *(one for one in more if one)])),
            steps=lines(self.steps.data),
            before=lines(self.before.data),
            wall_start=windows.write_wall(self.wall_start.data),
            wall_end=windows.write_wall(self.wall_end.data) if self.wall_end.data else None,
            zone=self.zone.data,
            floor=self.floor.data,
            mode=Mode(self.mode.data),
            escalation=self.escalation.data or "",
            announced=bool(self.announced.data),
            briefing=self.briefing.data,
            decision=self.decision.data,
            to_act=self.to_act.data,
            sms_route=self.sms_route.data,
            place=(self.place.data or "").strip(),
            show_delay=self.show_delay.data,
            chase=self.chase.data,
            chapter=self.chapter.data,
        )

    def show(self, plan: Plan, target: str, language: str) -> None:
        """Fill the form with a plan as it stands, or with a kind's kit."""
        for name in (
            "title", "summary", "zone", "floor", "escalation", "announced", "briefing", "decision", "to_act",
            "sms_route", "place", "show_delay", "chase", "chapter",
        ):  # fmt: skip
            self[name].data = getattr(plan, name)
        self.mode.data = plan.mode.value
        self.wall_start.data = windows.read_wall(plan.wall_start)
        self.wall_end.data = windows.read_wall(plan.wall_end) if plan.wall_end else None
        self.more_targets.data = ", ".join(one for one in plan.targets if one != target)
        self.suggest(plan.before, plan.steps, language)

    def suggest(self, before: Iterable[str], steps: Iterable[str], language: str) -> None:
        """Fill in steps, each in the writer's language where it is one of a kit's."""
        self.before.data = "\n".join(translate(language, step) for step in before)
        self.steps.data = "\n".join(translate(language, step) for step in steps)


def _with(choices: dict[int, str], value: int | None) -> dict[int, str]:
    """Return the choices, with `value` among them where a plan was made elsewhere with another number."""
    if value is None or value in choices:
        return choices
    return dict(sorted([*choices.items(), (value, f"{value} min")], reverse=True))


class KindForm(Form):
    """Which kind of action."""

    kind = RadioField(
        msg("What do we do together?"),
        [InputRequired(FILLED)],
        choices={kind.value: kit.name for kind, kit in KITS.items()},
    )
