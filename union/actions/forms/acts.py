"""What people fill in while an action is carried out."""

from datetime import datetime

from wtforms import (
    BooleanField,
    FileField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from union.actions.rules.retaliation import SORTS
from union.core.i18n import msg
from union.core.zones import instant
from union.web.fields import FILLED, local, moment_field
from union.web.forms import Form


class ReasonForm(Form):
    """Why an action is put off or called off."""

    reason = TextAreaField(
        msg("Why?"),
        [InputRequired(msg("Say why: everybody who was told will read it.")), Length(max=1000)],
        description=msg("Everybody who was told reads this, in the language you write it in."),
    )


class NoticeForm(Form):
    """When the other side was given notice."""

    given_at = moment_field(msg("Notice was given on"))

    def moment(self, zone: str) -> datetime:
        """Return the instant typed as a local time of `zone`; raises NoSuchLocalTime."""
        typed: datetime = self.given_at.data
        return instant(typed, zone)

    def now(self, moment: datetime, zone: str) -> None:
        """Offer this moment, as a local time of `zone`."""
        self.given_at.data = local(moment, zone)


class PaperForm(Form):
    """People counted on a paper list."""

    chapter = SelectField(msg("Chapter"), [InputRequired(FILLED)])
    count = IntegerField(
        msg("How many, from paper"),
        [InputRequired(FILLED)],
        description=msg("Only people who did not check in by phone. Take off with a minus."),
    )


class SheetsForm(Form):
    """The paper lists of many chapters, as a file or pasted."""

    file = FileField(
        msg("CSV file"),
        description=msg(
            "A line per chapter with its count, or a column per chapter with a number per sheet."
        ),
        render_kw={"accept": ".csv,.txt,text/csv"},
    )
    sheets = TextAreaField(
        msg("Or type it here"),
        [Optional(), Length(max=50_000)],
        description=msg("One chapter on each line, such as: Amsterdam, 34"),
    )
    sure = HiddenField()


class CodeForm(Form):
    """The code at a meeting point."""

    code = StringField(
        msg("Code on the poster"),
        [InputRequired(FILLED), Length(max=20)],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )


class DebriefForm(Form):
    """What an action taught."""

    went_well = TextAreaField(msg("What went well"), [Optional(), Length(max=4000)])
    went_badly = TextAreaField(msg("What went badly"), [Optional(), Length(max=4000)])
    learn = TextAreaField(msg("What we do differently, or again"), [InputRequired(FILLED), Length(max=4000)])
    publish = BooleanField(msg("Show the debrief on the campaign page"))


class RetaliationForm(Form):
    """How the platform hit back."""

    sort = RadioField(msg("What happened to you?"), [InputRequired(FILLED)], choices=SORTS)
