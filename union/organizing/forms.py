"""The forms of organizing work: what is asked, in which words.

What is right is decided by rules and services.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

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
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from union.core.actor import Place, PlaceKind, Role
from union.core.i18n import msg
from union.organizing.rules.calling import SCRIPT_LENGTH, Outcome
from union.organizing.rules.talks import NOTE_LENGTH, RATINGS
from union.web.fields import at_field, local, moment_field, options
from union.web.forms import Form
from union.web.i18n import gettext

_NO_ANSWER = msg("Not assessed")
NOT_IN_NOTES = msg(
    "Only what helps organizing. Nothing about health, belief, origin, politics or private life."
)


def places(found: Iterable[tuple[Place | None, str]]) -> list[SelectChoice]:
    """Return places with their names as choices; the whole union is called so in the reader's language."""
    return options((place_value(place), name if place else gettext(name)) for place, name in found)


def place_value(place: Place | None) -> str:
    """Return a place as the value of a choice."""
    return f"{place.kind}:{place.key}" if place else "union"


def place_of(value: str) -> Place | None:
    """Return the place a choice names; the choices are checked by the form."""
    kind, _, key = value.partition(":")
    return Place(PlaceKind(kind), key) if key else None


class EmptyForm(Form):
    """A button."""


class Timed(Form):
    """A form with one local time in a zone."""

    def moment(self, field: str, zone: str) -> datetime:
        """Return the instant of a local time field.

        Raises UnionError at that field for a time that does not exist or exists twice.
        """
        return at_field(self[field].data, zone, field)

    def show(self, field: str, moment: datetime, zone: str) -> None:
        """Fill the field with an instant as it is called in `zone`."""
        self[field].data = local(moment, zone)


class TagForm(Form):
    """A new tag."""

    name = StringField(
        msg("Name of the tag"),
        [DataRequired(msg("Give the tag a name."))],
        description=msg("A word or two, such as “drives nights” or “can lend a van”."),
    )
    meaning = StringField(
        msg("When to use it"), [DataRequired(msg("Say what it means, so that everybody uses it alike."))]
    )
    harmless = BooleanField(msg("It tells nothing about health, belief, origin, politics or sexual life"))


class PutTagForm(Form):
    """Which tag."""

    tag = SelectField(msg("Tag"), [InputRequired(msg("Choose a tag."))])


class Rated(Timed):
    """A form with an assessment."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - WTForms' own
        super().__init__(*args, **kwargs)
        rated = ((str(rating), gettext(words)) for rating, words in RATINGS.items())
        self["rating"].choices = options([("", gettext(_NO_ANSWER)), *rated])


class TalkForm(Rated):
    """A talk, and what comes of it."""

    at = moment_field(msg("When did you talk?"))
    rating = SelectField(msg("Assessment"), default="")
    note = TextAreaField(
        msg("Note"), [Optional(), Length(max=NOTE_LENGTH)], description=NOT_IN_NOTES, render_kw={"rows": 3}
    )
    follow_up = StringField(msg("What did you agree to do?"), [Optional(), Length(max=120)])
    due = moment_field(msg("By when?"), msg("With a date it becomes a task of yours."), optional=True)


class ListForm(Timed):
    """A list to call or to text."""

    title = StringField(msg("Title"), [DataRequired(msg("Give the list a title."))])
    place = SelectField(
        msg("Whose list is it?"), description=msg("Its organizers see how it goes and name its helpers.")
    )
    script = TextAreaField(
        msg("What to say"),
        [DataRequired(msg("Write down what to say.")), Length(max=SCRIPT_LENGTH)],
        render_kw={"rows": 8},
    )
    prospects = BooleanField(msg("Call people who are no members yet, from imported lists"))
    by_email = BooleanField(msg("Write an email to those who want no texts"))
    closes = moment_field(
        msg("Ends"), msg("Then nobody sees the list any more; a month later its people are erased.")
    )


class HelperForm(Timed):
    """Who helps, until when."""

    who = StringField(
        msg("Email address or mobile number of the helper"),
        [DataRequired(msg("Give the exact address of a member."))],
        description=msg("Exactly as the member gave it to the union."),
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    until = moment_field(msg("Until"))


class OutcomeForm(Rated):
    """What came of a call. The button says which outcome."""

    rating = SelectField(msg("Assessment, if you reached them"), default="")
    note = TextAreaField(
        msg("Note, if you reached them"),
        [Optional(), Length(max=NOTE_LENGTH)],
        description=NOT_IN_NOTES,
        render_kw={"rows": 2},
    )
    again_at = moment_field(msg("Call back at"), optional=True)
    entry = HiddenField(validators=[InputRequired()])
    outcome = RadioField(
        choices=options((one.value, one.value) for one in Outcome),
        validators=[InputRequired(msg("Say what came of the call."))],
    )


class ReasonForm(Form):
    """Why somebody wants a file."""

    reason = TextAreaField(
        msg("Reason"),
        [DataRequired(msg("Give the reason.")), Length(max=200)],
        render_kw={"rows": 2},
    )


class TaskForm(Timed):
    """A task."""

    title = StringField(msg("What is to be done?"), [DataRequired(msg("Say what is to be done."))])
    due = moment_field(msg("By when?"))
    place = SelectField(msg("Where does it belong?"))
    assignee = StringField(
        msg("Whose task is it?"),
        [Optional()],
        description=msg("Exact email address or mobile number of a member. Leave it empty for yourself."),
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


class UploadForm(Form):
    """A list to import."""

    file = FileField(
        msg("CSV file"),
        description=msg(
            "As a spreadsheet saves it: commas, semicolons or tabs, UTF-8 or UTF-16. At most 2 MB."
        ),
        render_kw={"accept": ".csv,.txt,text/csv"},
    )
    chapter = SelectField(msg("Chapter"), [InputRequired(msg("Choose a chapter."))])
    source = StringField(
        msg("Where did these people agree to be contacted?"),
        [Optional(), Length(max=200)],
        description=msg(
            "Such as “signed at our stand, 9 May”. They will read it. Empty if the file says it."
        ),
    )


class ImportForm(Form):
    """The organizer's yes to an import."""

    skip_bad = BooleanField(msg("Leave the bad rows out and import the good ones"))


class RoleForm(Form):
    """A role that is limited to a place."""

    who = StringField(
        msg("Email address or mobile number of the member"),
        [DataRequired(msg("Give the exact address of a member."))],
        description=msg("Exactly as the member gave it to the union."),
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    role = RadioField(
        msg("Role"),
        [InputRequired(msg("Choose a role."))],
        choices=options([(Role.ORGANIZER, msg("Organizer")), (Role.HELPER, msg("Helper"))]),
    )
    place = SelectField(msg("Only here"), [InputRequired(msg("Choose a chapter or a campaign."))])
    days = IntegerField(
        msg("For how many days?"),
        [InputRequired(msg("Give a number of days.")), NumberRange(1, 366)],
        default=90,
        description=msg("Then it ends by itself. It can be prolonged."),
    )
