"""The form of a vote that another room calls; drawn by the macros of `ballots/call.html`."""

from datetime import datetime

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from union.ballots.forms import RuleForm, TimesForm
from union.ballots.queries import Choices
from union.ballots.service import Call
from union.core.i18n import msg
from union.web.fields import FILLED, in_days, zone_choices


class CallForm(TimesForm, RuleForm):
    """A whole vote with one question, as an organizer calls it about something of another room."""

    title = StringField(msg("Name of the vote"), [InputRequired(FILLED), Length(3, 120)])
    intro = TextAreaField(msg("What the paper says above the question"), [Optional(), Length(max=2000)])
    question = StringField(msg("Question"), [InputRequired(FILLED), Length(10, 300)])
    zone = SelectField(msg("Time zone"), choices=[])

    def offer(self, choices: Choices) -> None:
        """Fill in what can be chosen."""
        super().offer(choices)
        self.zone.choices = zone_choices(choices.zones)

    def suggest(self, now: datetime, zone: str, *, title: str, question: str, intro: str = "") -> None:
        """Write the usual: from next week for a week, under the first rule, with these words."""
        self.title.data, self.question.data, self.intro.data = title[:120], question, intro[:2000]
        self.preset.data = self.preset.choices[0].value if self.preset.choices else None
        self.zone.data = zone
        self.opens.data, self.closes.data = in_days(now, 7, zone, 9), in_days(now, 14, zone)

    def vote(self) -> Call:
        """Return what was decided. Raises Invalid at a field, also for a time that clocks skip or repeat."""
        return Call(
            title=self.title.data,
            intro=self.intro.data or "",
            question=self.question.data,
            preset=self.preset.data,
            group=self.group.data,
            opens_at=self.moment("opens", self.zone.data),
            closes_at=self.moment("closes", self.zone.data),
            zone=self.zone.data,
            trustee_ids=self.trustees.data or [],
            server_trustee=bool(self.server_trustee.data),
            threshold=self.chosen(),
            rule_confirmed=bool(self.rule_confirmed.data),
            clause=self.clause(),
        )
