"""What people fill in about a ballot that stands: trustees, weights, codes, objections, what went wrong."""

from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    EmailField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from union.ballots.papers import LONGEST_QUESTION
from union.ballots.rules import SMALL_GROUP
from union.core.i18n import msg
from union.web.fields import FILLED
from union.web.forms import Form


def _smallest() -> IntegerField:
    return IntegerField(
        msg("How many members must share a weight?"),
        [InputRequired(FILLED)],
        default=SMALL_GROUP,
        description=msg("Rarer weights are joined to the next. With 1 they stay, and name whoever has them."),
    )


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
    lasts = SelectField(
        msg("How long may hands be raised?"),
        [InputRequired(FILLED)],
        choices=[],
        default="24",
        description=msg("Then it closes by itself. You can close it earlier."),
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
