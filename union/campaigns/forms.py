"""What people fill in about campaigns: plain values out, every message at its field."""

from datetime import datetime

from wtforms import (
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.ballots.call_forms import CallForm
from union.campaigns.rules import DemandStatus, Kind, suggested_threshold
from union.campaigns.service import Draft, How
from union.campaigns.tipping import Minimum
from union.campaigns.words import KINDS
from union.core.errors import Invalid
from union.core.i18n import msg
from union.web.fields import FILLED, at_field, local, moment_field, options
from union.web.forms import Form

SHARES = {
    "1/10": msg("One in ten"),
    "1/4": msg("A quarter"),
    "1/3": msg("A third"),
    "1/2": msg("Half"),
    "2/3": msg("Two thirds"),
    "3/4": msg("Three quarters"),
    "9/10": msg("Nine in ten"),
}
MOST = 10_000_000


class PledgeForm(Form):
    """How many must act before this member does."""

    how = RadioField(
        msg("When do you act?"),
        [InputRequired(msg("Choose one of the three."))],
        choices=options([("any", ""), ("number", ""), ("share", "")]),
    )
    number = IntegerField(msg("At least how many people, you included?"), [Optional(), NumberRange(1, MOST)])
    share = SelectField(
        msg("At least which share of everybody?"), choices=options(SHARES.items()), default="1/2"
    )
    step = HiddenField(default="check")

    def at_least(self) -> str:
        """Return the minimum as the service takes it; raises Invalid at the number's field."""
        if self.how.data == "any":
            return "1"
        if self.how.data == "share":
            return str(self.share.data)
        if self.number.data is None:
            raise Invalid(msg("Give a whole number from 1, or a share of everybody."), field="number")
        return str(self.number.data)

    def show(self, at_least: str) -> None:
        """Fill the form with a pledge given before."""
        minimum = Minimum.parse(at_least)
        if minimum.share is not None:
            self.how.data, self.share.data = "share", str(minimum)
        elif minimum.number == 1:
            self.how.data = "any"
        else:
            self.how.data, self.number.data = "number", minimum.number


class CampaignForm(Form):
    """A campaign's draft. Goal and threshold may stay empty: everybody, and three quarters of them."""

    kind_of = Kind.ACTION
    words = KINDS[Kind.ACTION]
    title = StringField(
        msg("Title"),
        [InputRequired(FILLED), Length(3, 80)],
        description=msg("A poster: three or four words."),
    )
    demand = StringField(
        msg("The demand in one sentence"),
        [InputRequired(FILLED), Length(10, 200)],
        description=msg("What the company must do, so that a passer-by understands it."),
    )
    summary = TextAreaField(msg("What it is about"), [InputRequired(FILLED), Length(1, 2000)])
    reasons = TextAreaField(msg("Why now"), [Optional(), Length(max=8000)])
    pledge_text = TextAreaField(
        msg("What members pledge to do"),
        [InputRequired(FILLED), Length(10, 1000)],
        description=msg("These words are frozen when you publish: nobody can change what members agreed to."),
    )
    unit = IntegerField(
        msg("How many people is it about?"),
        [InputRequired(FILLED), NumberRange(1, MOST)],
        description=msg(
            "Everybody whom this platform's members could reach. Shares in pledges are shares of this number."
        ),
    )
    goal = IntegerField(
        msg("Goal"),
        [Optional(), NumberRange(1, MOST)],
        description=msg("The full meter. Leave it empty for everybody."),
    )
    threshold = IntegerField(
        msg("Threshold"),
        [Optional(), NumberRange(1, MOST)],
        description=msg(
            "Below it nobody is called. Leave it empty for three quarters; lower is easier to reach."
        ),
    )
    deadline = moment_field(msg("Pledge deadline"), msg("The round settles at this moment, once."))
    debate_until = moment_field(
        msg("Debate on demands until"),
        msg("With a date, members see the draft and propose demands before you publish."),
        optional=True,
    )
    zone = SelectField(msg("Time zone"), choices=[])

    def draft(self, platform_slug: str) -> Draft:
        """Return the facts; raises Invalid for a local time that does not exist or exists twice."""
        unit = int(self.unit.data or 0)
        goal = self.goal.data or unit
        debate = self.debate_until.data
        return self._draft(
            platform_slug,
            unit=unit,
            goal=goal,
            threshold=self.threshold.data or min(suggested_threshold(unit), goal),
            debate_until=at_field(debate, self.zone.data, "debate_until") if debate else None,
        )

    def _draft(
        self, platform_slug: str, *, unit: int, goal: int, threshold: int, debate_until: datetime | None
    ) -> Draft:
        return Draft(
            platform_slug=platform_slug,
            title=" ".join(self.title.data.split()),
            demand=" ".join(self.demand.data.split()),
            summary=self.summary.data.strip(),
            reasons=(self.reasons.data or "").strip(),
            pledge_text=self.pledge_text.data.strip().replace("\r\n", "\n"),
            unit=unit,
            goal=goal,
            threshold=threshold,
            pledge_deadline=at_field(self.deadline.data, self.zone.data, "deadline"),
            zone=self.zone.data,
            debate_until=debate_until,
            kind=self.kind_of.value,
        )

    def show(self, draft: Draft) -> None:
        """Fill the form with a draft written before."""
        for name in (
            "title",
            "demand",
            "summary",
            "reasons",
            "pledge_text",
            "unit",
            "goal",
            "threshold",
            "zone",
        ):
            if name in self:
                self[name].data = getattr(draft, name)
        self.deadline.data = local(draft.pledge_deadline, draft.zone)
        if draft.debate_until and "debate_until" in self:
            self.debate_until.data = local(draft.debate_until, draft.zone)


class EndForm(Form):
    """How it ended, in a few words."""

    how = RadioField(
        msg("How did it end?"),
        [InputRequired(msg("Choose how it ended."))],
        choices=options([("won", msg("We won")), ("closed", msg("It ends without a win"))]),
    )
    text = TextAreaField(msg("What members should know"), [InputRequired(FILLED), Length(1, 4000)])


class RoundForm(Form):
    """Another pledge round after one that fell short."""

    deadline = moment_field(
        msg("Pledge deadline"), msg("Pledges of the last round are deleted; everybody pledges afresh.")
    )


class DemandForm(Form):
    """A demand or an amendment."""

    title = StringField(msg("Demand"), [InputRequired(FILLED), Length(5, 120)], description=msg("One line."))
    text = TextAreaField(msg("In full"), [InputRequired(FILLED), Length(10, 4000)])


class AmendForm(DemandForm):
    """Another wording, and why."""

    reason = TextAreaField(msg("Why is this better?"), [Optional(), Length(max=1000)])


class DecideForm(Form):
    """A demand's next status, with a note for its public history."""

    status = RadioField(msg("What happened?"), [InputRequired(msg("Choose a step."))], choices=[])
    merged_into = SelectField(msg("Which demand takes it in?"), [Optional()], choices=[])
    note = TextAreaField(msg("Note for the public history"), [Optional(), Length(max=1000)])

    def then(self) -> DemandStatus:
        """Return the status chosen."""
        return DemandStatus(self.status.data)


class PrioritiesForm(CallForm):
    """A vote on the order of the demands."""

    how = RadioField(
        msg("How do members say what comes first?"),
        choices=options(
            [
                (How.RANKING.value, msg("They put the demands in order")),
                (How.APPROVAL.value, msg("They approve as many as they like")),
            ]
        ),
        default=How.RANKING.value,
    )


class TestForm(Form):
    """A structure test: a private show of hands."""

    ask = StringField(
        msg("What do you ask?"),
        [InputRequired(FILLED), Length(10, 200)],
        description=msg("Such as: would you log off for two hours on a Friday?"),
    )
    majority = SelectField(
        msg("From which majority is the count shown to members?"),
        choices=options(SHARES.items()),
        default="2/3",
    )
    closes = moment_field(msg("Closes"))

    def share(self) -> tuple[int, int]:
        """Return the majority as numerator and denominator."""
        num, den = str(self.majority.data).split("/")
        return int(num), int(den)
