"""What people fill in about ballots: plain values out, every message at its field."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from union.ballots.extension import Clause, typed
from union.ballots.papers import LONGEST_QUESTION
from union.ballots.presets import Preset
from union.ballots.queries import Choices
from union.ballots.rules import SMALL_GROUP, Kind
from union.ballots.service import GROUPS, SUITING
from union.core.errors import Invalid, UnionError
from union.core.i18n import msg
from union.core.zones import NoSuchLocalTime, instant
from union.web.fields import FILLED, CheckboxesField, moment_field, options
from union.web.forms import Form
from union.web.i18n import gettext

KINDS = {
    Kind.STRIKE_VOTE: msg("Strike vote"),
    Kind.RATIFICATION: msg("Vote on an agreement"),
    Kind.DEMANDS: msg("Choice of demands"),
    Kind.GENERAL: msg("Another question"),
}
GROUP_HINTS = {
    SUITING: msg("BELENIOS-2048 for sums, Ed25519 where something is ranked or graded."),
    "BELENIOS-2048": msg("Anyone can check the count with the verifier that comes with Debian."),
    "Ed25519": msg("Four times as fast; for more than 20,000 voters. Checked with our own verifier."),
    "RFC-3526-2048": msg(
        "For orders and grades that Debian's verifier shall check too. Slow: for some hundred voters."
    ),
}
ALL, SOME = "all", "some"
NEEDED = {ALL: msg("All of them"), SOME: msg("Some are enough")}
NEEDED_HINTS = {
    ALL: msg(
        "Nobody can read a vote unless all trustees work together. If one of them loses the key or stays"
        " away, the votes can never be counted. Each trustee comes once to make a key."
    ),
    SOME: msg(
        "The count goes on when a trustee loses the key, falls ill or refuses. In return, that many together"
        " could read votes. Each trustee comes three times, and every step waits for everybody."
    ),
}


def _smallest() -> IntegerField:
    return IntegerField(
        msg("How many members must share a weight?"),
        [InputRequired(FILLED)],
        default=SMALL_GROUP,
        description=msg("Rarer weights are joined to the next. With 1 they stay, and name whoever has them."),
    )


class TimesForm(Form):
    """Opening and closing in a zone. Where clocks go back, the form asks which of the two times is meant."""

    opens = moment_field(msg("Opens"))
    opens_meant = RadioField(
        msg("Which opening time do you mean?"), [Optional()], choices=[], validate_choice=False
    )
    closes = moment_field(msg("Closes"))
    closes_meant = RadioField(
        msg("Which closing time do you mean?"), [Optional()], choices=[], validate_choice=False
    )

    def moment(self, name: str, zone: str) -> datetime:
        """Return the instant that field `name` means in `zone`.

        Raises NoSuchLocalTime for a time that a clock change skips or repeats, unless one of the two
        candidates was chosen; the form then offers them.
        """
        wall = self[name].data
        try:
            return instant(wall, zone)
        except NoSuchLocalTime as refusal:
            refusal.field = name
            meant = self[f"{name}_meant"]
            found = {moment.isoformat(): moment for moment in refusal.candidates}
            if meant.data in found:
                return found[meant.data]
            here = ZoneInfo(zone)
            meant.choices = options(
                (key, at.astimezone(here).strftime("%Y-%m-%d %H:%M %Z")) for key, at in found.items()
            )
            raise
        except UnionError as refusal:
            refusal.field = "zone" if "zone" in self._fields else name
            raise


class ThresholdForm(Form):
    """How many trustees are needed to count."""

    needed = RadioField(
        msg("How many trustees are needed to count?"), choices=options(NEEDED.items()), default=ALL
    )
    threshold = IntegerField(
        msg("How many are enough?"),
        [Optional()],
        description=msg("Fewer than there are trustees. Two of three, or three of five, is a good choice."),
    )

    @property
    def needed_hints(self) -> dict[str, str]:
        """What each choice means for the count, in the reader's language."""
        return {choice: gettext(text) for choice, text in NEEDED_HINTS.items()}

    def chosen(self) -> int | None:
        """Return the threshold, None for all. Raises Invalid when some are enough but not how many."""
        if self.needed.data != SOME:
            return None
        if self.threshold.data is None:
            raise Invalid(msg("Say how many are enough."), field="threshold")
        return int(self.threshold.data)


class ExtensionForm(Form):
    """Whether the close may move, left empty for never."""

    extend_turnout = StringField(
        msg("If less than this share was cast at the close"),
        [Optional(), Length(max=20)],
        description=msg("A fraction of the roll, such as 1/2. Empty: never for a low turnout."),
    )
    extend_hours = IntegerField(
        msg("then by how many hours, once?"), [Optional()], description=msg("Whole hours, at most 336.")
    )
    extend_outage = IntegerField(
        msg("If members could not reach us for more than so many minutes"),
        [Optional()],
        description=msg(
            "Then by as long as our own watch found it so, once. Empty: never. The watch asks for the"
            " ballot's page every 15 seconds."
        ),
    )

    def clause(self) -> Clause | None:
        """Return what may move the close, None for nothing. Raises Invalid at the field."""
        return typed(self.extend_turnout.data or "", self.extend_hours.data, self.extend_outage.data)

    def show(self, clause: Clause | None) -> None:
        """Fill in what was chosen."""
        if clause is not None and clause.turnout is not None:
            self.extend_turnout.data = f"{clause.turnout.num}/{clause.turnout.den}"
            self.extend_hours.data = clause.hours
        self.extend_outage.data = clause.outage_minutes if clause else None


class RuleForm(ExtensionForm, ThresholdForm):
    """Under which rule a vote is held, and who holds its key."""

    preset = RadioField(msg("Under which rule?"), [InputRequired(msg("Choose a rule."))], choices=[])
    rule_confirmed = BooleanField(msg("I am an officer and checked that this rule still holds"))
    trustees = CheckboxesField(
        msg("Who holds the key?"), choices=[], description=msg("Each keeps a part of the key in person.")
    )
    server_trustee = BooleanField(msg("The union's server holds a share too"))
    group = RadioField(
        msg("Which mathematics?"),
        choices=options([(SUITING, msg("What suits the questions")), *((name, name) for name in GROUPS)]),
        default=SUITING,
    )
    rules: Sequence[Preset] = ()

    def offer(self, choices: Choices) -> None:
        """Fill in what can be chosen."""
        self.rules = choices.rules
        self.preset.choices = options((rule.id, rule.name) for rule in choices.rules)
        self.trustees.choices = options(choices.trustees)

    @property
    def rule_hints(self) -> dict[str, str]:
        """What each rule asks and where it comes from, in the reader's language."""
        source = msg("Source: %(source)s.")
        return {
            rule.id: f"{gettext(rule.summary)} {gettext(source, source=rule.source_title)}"
            for rule in self.rules
        }

    @property
    def group_hints(self) -> dict[str, str]:
        """What each group is good for, in the reader's language."""
        return {name: gettext(text) for name, text in GROUP_HINTS.items()}

    def refuse(self, error: UnionError) -> None:
        """Show `error` at its field; where there is no trustee to tick, at the server's share instead."""
        if error.field == "trustees" and not self.trustees.choices:
            error.field = "server_trustee"
        super().refuse(error)


class ReplaceForm(Form):
    """Whose place among the trustees goes to whom; the view fills in the choices."""

    leaves = RadioField(
        msg("Who leaves?"), [InputRequired(msg("Choose the trustee who leaves."))], choices=[]
    )
    comes = RadioField(
        msg("Who takes the place?"),
        [InputRequired(msg("Choose who takes the place."))],
        choices=[],
        description=msg("Trustees of the union who hold no part of this key yet."),
    )


class BallotForm(TimesForm, RuleForm):
    """A ballot's draft but for its questions (`ballot_form`).

    The view fills in the presets, trustees, zones, platforms and chapters.
    """

    kind = RadioField(msg("What is it?"), [InputRequired(FILLED)], choices=[])
    title = StringField(msg("Title"), [InputRequired(FILLED), Length(3, 120)])
    intro = TextAreaField(msg("What voters should know"), [Optional(), Length(max=2000)])
    asks = HiddenField()
    preset = SelectField(msg("Rule"), [InputRequired(FILLED)], choices=[])
    zone = SelectField(msg("Time zone"), [InputRequired(FILLED)], choices=[])
    platform = SelectField(msg("Who may vote: members on which platform?"), choices=[], default="")
    chapter = SelectField(msg("In which chapter?"), choices=[], default="")
    contest_days = IntegerField(
        msg("Contest period in days"),
        [InputRequired(FILLED), NumberRange(0, 90)],
        default=7,
        description=msg("Objections are taken so long; then we forget who voted and keep only counts."),
    )


class ChapterWeightsForm(Form):
    """How votes weigh by the size of the chapter."""

    per = IntegerField(
        msg("One vote for how many members of the chapter?"),
        [InputRequired(FILLED)],
        default=10,
        description=msg("Begun ones count: with 10, a chapter of 31 members gives each of them 4 votes."),
    )
    smallest = _smallest()


class FileWeightsForm(Form):
    """A list of weights, from a file or pasted. take: keep it, else it is only tried."""

    file = FileField(msg("File with two columns, member and weight"), [Optional()])
    text = TextAreaField(
        msg("Or paste the rows here"),
        [DataRequired(msg("Choose a file or paste the rows."))],
        description=msg("CSV. A member is named by the number in the roll, or by email address or phone."),
    )
    smallest = _smallest()
    take = BooleanField()

    def content(self) -> str:
        """Return the rows: of the file if there is one, else what was pasted."""
        if self.file.data:
            return str(self.file.data.read().decode(errors="replace"))
        return self.text.data or ""


class CodesForm(Form):
    """The public parts of voting codes that were made offline."""

    file = FileField(
        msg("File with the public parts"),
        [FileRequired(FILLED)],
        description=msg("public.json. Never upload CODES.csv: whoever has it can vote for everybody."),
    )


class ObserverForm(Form):
    """Where the head of a board shall go."""

    email = EmailField(msg("Email address"), [InputRequired(FILLED)], render_kw={"autocomplete": "email"})


class PollForm(Form):
    """A show of hands. The view fills in the chapters."""

    chapter = SelectField(msg("In which chapter?"), [InputRequired(FILLED)], choices=[])
    question = StringField(msg("Question"), [InputRequired(FILLED), Length(max=LONGEST_QUESTION)])
    answers = TextAreaField(
        msg("Answers to choose from"),
        [InputRequired(FILLED), Length(max=2000)],
        description=msg("One a line."),
    )


class ObjectionForm(Form):
    """An objection, or an answer to one."""

    text = TextAreaField(msg("Your objection"), [InputRequired(FILLED), Length(max=4000)])


class GiveUpForm(Form):
    """Why a ballot cannot be counted, for everybody to read."""

    note = TextAreaField(
        msg("What happened, for everybody to read"),
        [InputRequired(FILLED), Length(max=2000)],
        description=msg(
            "Which key is lost and how, what was tried, and what comes next. No names of voters."
        ),
    )


class ReissueForm(Form):
    """Whose voting code is replaced."""

    member = StringField(
        msg("Whose code is lost?"),
        [InputRequired(FILLED), Length(max=200)],
        description=msg("Email address, phone number, or the member's number in the roll."),
    )


class AnswerForm(Form):
    """The answer to an objection."""

    text = TextAreaField(msg("Answer"), [InputRequired(FILLED), Length(max=4000)])
