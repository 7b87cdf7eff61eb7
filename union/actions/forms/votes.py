"""What organizers fill in about a vote planned with an action."""

from datetime import timedelta

from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.actions.rules import kits
from union.actions.rules.going_on import LONGEST, VotePlan
from union.ballots import presets
from union.ballots.forms import RuleForm
from union.ballots.queries import Choices
from union.core.i18n import msg
from union.web.fields import FILLED
from union.web.i18n import gettext

MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}
UNITS = {"minutes": msg("minutes"), "hours": msg("hours"), "days": msg("days")}
LONGER, OPEN_END, STEPS = "longer", "open", "steps"


def _number(label: str, hint: str = "") -> IntegerField:
    return IntegerField(label, [Optional(), NumberRange(0, LONGEST)], description=hint)


class VoteForm(RuleForm):
    """What members decide, what follows, under which rule, and when."""

    title = StringField(
        msg("Name of the next step"),
        [InputRequired(FILLED), Length(3, 120)],
        description=msg("It is also the name of the vote."),
    )
    question = StringField(
        msg("Question"),
        [InputRequired(FILLED), Length(10, 300)],
        description=msg("Members answer yes, no or abstain."),
    )
    what = RadioField(
        msg("If it passes"),
        [InputRequired(FILLED)],
        choices={
            LONGER: msg("We go on for longer"),
            OPEN_END: msg("We go on until we call it off"),
            STEPS: msg("The end stays; only the next steps come in force"),
        },
        default=LONGER,
    )
    more = _number(msg("How much longer"))
    more_unit = SelectField(msg("Counted in"), default="hours")
    steps = TextAreaField(
        msg("The next steps"),
        [Optional()],
        description=msg("One on each line. Members read them before they vote; if it passes they hold."),
    )
    by_clock = RadioField(
        msg("Who opens the vote?"),
        [InputRequired(FILLED)],
        choices={"clock": msg("The clock, at its time"), "organizer": msg("An organizer, when it is needed")},
        default="clock",
    )
    after = _number(msg("How long after the start it opens"))
    after_unit = SelectField(msg("Counted in"), default="hours")
    window = _number(msg("How long it stays open"))
    window_unit = SelectField(msg("Counted in"), default="hours")
    hold = BooleanField(
        msg("Go on until the vote is counted"),
        default=True,
        description=msg("Counting needs every trustee. Without this the action may end before it is known."),
    )

    def suggest(self, ends_after: timedelta | None) -> None:
        """Offer the usual: in the last third before the end, or after a day where there is none."""
        self.preset.data = presets.DEFAULT
        minutes = int(ends_after.total_seconds()) // 60 if ends_after else 3 * 24 * 60
        self._write(self.after, self.after_unit, max(minutes // 3, 1))
        self._write(self.window, self.window_unit, max(minutes // 3, 10))
        self._write(self.more, self.more_unit, max(minutes, 60))
        if ends_after is None:
            self.what.data = STEPS

    @staticmethod
    def _write(field: IntegerField, unit: SelectField, minutes: int) -> None:
        whole = (name for name in ("days", "hours") if minutes and minutes % MINUTES[name] == 0)
        unit.data = next(whole, "minutes")
        field.data = minutes // MINUTES[unit.data]

    def plan(self) -> VotePlan:
        """Return what was typed; raises Invalid for too many or too long steps, or no threshold."""
        more = None if self.what.data == OPEN_END else 0
        if self.what.data == LONGER:
            more = (self.more.data or 0) * MINUTES[self.more_unit.data]
        return VotePlan(
            title=self.title.data,
            question=self.question.data,
            steps=tuple(kits.lines_of(self.steps.data or "")),
            more=more,
            after=(self.after.data or 0) * MINUTES[self.after_unit.data],
            window=(self.window.data or 0) * MINUTES[self.window_unit.data],
            preset=self.preset.data,
            group=self.group.data,
            trustee_ids=tuple(self.trustees.data or ()),
            server_trustee=bool(self.server_trustee.data),
            threshold=self.chosen(),
            rule_confirmed=bool(self.rule_confirmed.data),
            by_clock=self.by_clock.data == "clock",
            hold=bool(self.hold.data),
        )

    def offer(self, choices: Choices) -> None:
        """Fill in the choices: rules, trustees, and the units in the reader's language."""
        super().offer(choices)
        for field in (self.more_unit, self.after_unit, self.window_unit):
            field.choices = {name: gettext(words) for name, words in UNITS.items()}
