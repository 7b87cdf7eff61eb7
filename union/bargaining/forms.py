"""What people fill in at the table: plain values out, every message at its field."""

from collections.abc import Iterable
from datetime import date, datetime, time

from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    URLField,
)
from wtforms.validators import Email, InputRequired, Length, NumberRange, Optional

from union.bargaining.rules import wording
from union.bargaining.rules.agreements import Clause, Concession, Every, Kept, Obligation, Side, Terms
from union.core.errors import Invalid
from union.core.i18n import LANGUAGES, msg
from union.core.zones import instant
from union.web.fields import FILLED, moment_field, options
from union.web.forms import Form

_DAY = msg("Give a date.")
CONCESSIONS = {
    Concession.NONE: msg("Nothing: the demand stays as it is"),
    Concession.CONCEDED: msg("They concede it"),
    Concession.NEGOTIATION: msg("It stays in negotiation"),
    Concession.REFUSED: msg("We give it up for now"),
}
RESULTS = {
    Kept.KEPT: msg("Kept"),
    Kept.LATE: msg("Late, not done yet"),
    Kept.BREACHED: msg("Breached"),
}
WAYS = {
    "email": msg("By email, now"),
    "post": msg("By post"),
    "hand": msg("By hand"),
    "form": msg("Through their form"),
}
HOURS = {"6": msg("Every six hours"), "24": msg("Every day"), "168": msg("Every week")}


class ContactForm(Form):
    """Whom we write to."""

    name = StringField(msg("Company or person"), [InputRequired(FILLED), Length(max=160)])
    email = EmailField(
        msg("Email address"), [Optional(), Email(msg("That is no email address.")), Length(max=254)]
    )
    postal = TextAreaField(msg("Postal address"), [Optional(), Length(max=400)])


class SeatForm(Form):
    """Who bargains, with what words, until when."""

    member = SelectField(msg("Member"), [InputRequired(FILLED)], choices=[])
    mandate = TextAreaField(
        msg("Mandate"),
        [InputRequired(FILLED), Length(5, 2000)],
        description=msg("What this member may agree to, and what must come back to the members."),
    )
    until = DateField(
        msg("Until"), [Optional()], description=msg("The mandate ends at the end of this day. Empty: no end.")
    )


class MeetingForm(Form):
    """When and where the sides meet, about what."""

    starts = moment_field(msg("Starts"))
    zone = SelectField(msg("Time zone"), choices=[])
    place = StringField(msg("Place"), [Optional(), Length(max=160)])
    agenda = TextAreaField(
        msg("Agenda"), [Optional(), Length(max=4000)], description=msg("One point a line.")
    )


class MinutesForm(Form):
    """What was said."""

    minutes = TextAreaField(
        msg("Minutes for all members"), [InputRequired(FILLED), Length(max=20_000)], render_kw={"rows": 12}
    )
    team_notes = TextAreaField(
        msg("Notes for the team alone"),
        [Optional(), Length(max=20_000)],
        description=msg("Sealed; only those who sit at the table read them."),
    )


class ClauseForm(Form):
    """A point on the table."""

    heading = StringField(msg("Point"), [InputRequired(FILLED), Length(max=120)])
    demand = SelectField(msg("Which demand does it answer?"), [Optional()], choices=[])


class DeadlineForm(Form):
    """Something due."""

    title = StringField(msg("What is due?"), [InputRequired(FILLED), Length(max=160)])
    due = moment_field(msg("When"))
    zone = SelectField(msg("Time zone"), choices=[])


class OfferForm(Form):
    """An offer; its points are fields named point-<id>, read by the view."""

    note = TextAreaField(
        msg("What to say about it"), [Optional(), Length(max=4000)], description=msg("Members read this too.")
    )
    answer_by = moment_field(msg("Answer wanted by"), optional=True)


class LetterStartForm(Form):
    """Which letter."""

    template = RadioField(msg("Which letter?"), [InputRequired(msg("Choose a letter."))], choices=[])
    language = SelectField(msg("Language"), choices=options(LANGUAGES.items()))


class LetterForm(Form):
    """The words of a letter."""

    recipient = TextAreaField(msg("To"), [Optional(), Length(max=600)])
    subject = StringField(msg("Subject"), [InputRequired(FILLED), Length(max=200)])
    body = TextAreaField(
        msg("Text"),
        [InputRequired(FILLED), Length(max=20_000)],
        render_kw={"rows": 22},
        description=msg("The place ((deadline)) becomes the last day for an answer when you send it."),
    )


class SendForm(Form):
    """How a letter goes."""

    how = RadioField(
        msg("How does it go?"), [InputRequired(msg("Say how it is sent."))], choices=options(WAYS.items())
    )
    sent = moment_field(
        msg("When did it reach them?"), msg("Not needed for an email: it goes now."), optional=True
    )
    answer_on = DateField(msg("Last day for an answer"), [Optional()])
    note = StringField(
        msg("Note"),
        [Optional(), Length(max=300)],
        description=msg("Such as the number of the registered letter."),
    )


class ExtendForm(Form):
    """They prolong the time."""

    told = moment_field(msg("When did they say so?"))


class AnswerForm(Form):
    """What they answered."""

    answered = moment_field(msg("When did they answer?"))
    answer = TextAreaField(msg("What did they answer?"), [InputRequired(FILLED), Length(max=8000)])


class AgreementForm(Form):
    """What is agreed. Clauses and obligations are rows of fields read by the view."""

    title = StringField(msg("Title"), [InputRequired(FILLED), Length(3, 120)])
    language = SelectField(msg("Language of the text"), choices=options(LANGUAGES.items()))
    union_party = TextAreaField(msg("We"), [InputRequired(FILLED), Length(max=400)], render_kw={"rows": 3})
    platform_party = TextAreaField(
        msg("They"), [InputRequired(FILLED), Length(max=400)], render_kw={"rows": 3}
    )
    preamble = TextAreaField(msg("What came before"), [Optional(), Length(max=4000)])
    starts_on = DateField(msg("First day"), [InputRequired(_DAY)])
    ends_on = DateField(msg("Last day"), [Optional()], description=msg("Empty: without a fixed end."))

    def show(self, terms: Terms, language: str) -> None:
        """Fill the form with what was written before."""
        for name in ("title", "union_party", "platform_party", "preamble", "starts_on", "ends_on"):
            self[name].data = getattr(terms, name)
        self.language.data = language

    def terms(self, clauses: Iterable[Clause], obligations: Iterable[Obligation]) -> Terms:
        """Return the facts."""
        return Terms(
            title=" ".join(self.title.data.split()),
            union_party=wording.tidy(self.union_party.data),
            platform_party=wording.tidy(self.platform_party.data),
            preamble=self.preamble.data or "",
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            clauses=tuple(clauses),
            obligations=tuple(obligations),
        )


class ClauseRow(Form):
    """One clause of an agreement."""

    heading = StringField(msg("Heading"), [Optional(), Length(max=120)])
    text = TextAreaField(msg("Text"), [Optional(), Length(max=8000)])
    demand = SelectField(msg("Which demand does it answer?"), [Optional()], choices=[])
    concession = SelectField(
        msg("What does it do with that demand?"), [Optional()], choices=options(CONCESSIONS.items())
    )

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return not (self.heading.data or "").strip() and not (self.text.data or "").strip()

    def clause(self, number: int) -> Clause:
        """Return the facts."""
        demand = self.demand.data or None
        return Clause(
            number,
            " ".join((self.heading.data or "").split()),
            self.text.data or "",
            demand,
            Concession(self.concession.data or "") if demand else Concession.NONE,
        )


class DutyRow(Form):
    """One obligation of an agreement."""

    title = StringField(msg("What must be done"), [Optional(), Length(max=200)])
    clause = IntegerField(msg("By which clause (number)"), [Optional(), NumberRange(1, 99)])
    who = SelectField(
        msg("By whom"),
        choices=options((side.value, wording.WHO[side]) for side in (Side.PLATFORM, Side.UNION)),
    )
    due_on = DateField(msg("By which day"), [Optional()])
    every = SelectField(
        msg("How often"), choices=options((every.value, wording.EVERY[every]) for every in Every)
    )

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return not (self.title.data or "").strip()

    def duty(self) -> Obligation:
        """Return the facts; raises Invalid without a day or a clause."""
        if self.due_on.data is None or self.clause.data is None:
            raise Invalid(
                msg("The obligation “%(title)s” needs a clause and a day."), title=self.title.data.strip()
            )
        return Obligation(
            self.clause.data,
            " ".join(self.title.data.split()),
            Side(self.who.data),
            self.due_on.data,
            Every(self.every.data or ""),
        )


class WhyForm(Form):
    """Why something ends."""

    why = TextAreaField(msg("Tell members why"), [InputRequired(FILLED), Length(max=2000)])


class CheckForm(Form):
    """Whether an obligation was kept."""

    result = RadioField(
        msg("What did you find?"),
        [InputRequired(msg("Say whether it was kept."))],
        choices=options(RESULTS.items()),
    )
    note = TextAreaField(
        msg("What you saw, and where"),
        [InputRequired(msg("Note what you saw, and where.")), Length(max=2000)],
    )


class WatchForm(Form):
    """A page of terms to read now and then."""

    label = StringField(msg("Name of the page"), [InputRequired(FILLED), Length(max=120)])
    url = URLField(msg("Web address"), [InputRequired(FILLED), Length(max=500)])
    every = SelectField(msg("How often"), choices=options(HOURS.items()), default="24")


class GrievanceForm(Form):
    """What happened, against which clause."""

    clause = RadioField(
        msg("Which clause is not kept?"),
        [InputRequired(msg("Choose the clause that is not kept."))],
        choices=[],
    )
    text = TextAreaField(
        msg("What happened?"),
        [InputRequired(msg("Tell what happened.")), Length(max=8000)],
        description=msg("When, where, what you have as evidence. Leave out names of others."),
        render_kw={"rows": 10},
    )


class StepForm(Form):
    """A case's next step, or only a line in its log."""

    turn = RadioField(msg("What happens now?"), [InputRequired(msg("Choose a step."))], choices=[])
    shared = BooleanField(msg("The member reads this line too"), default=True)
    note = TextAreaField(msg("Line in the log"), [Optional(), Length(max=8000)])


def end_of_day(day: date | None, zone: str) -> datetime | None:
    """Return the end of a day as people mean it, a minute to midnight in `zone`; None for none."""
    return instant(datetime.combine(day, time(23, 59)), zone) if day else None
