"""Forms of delivery: the desk, answers, shares, the trial, own wording."""

from wtforms import BooleanField, IntegerField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.core.i18n import msg
from union.web.fields import options
from union.web.forms import Form

_NUMBER = msg("Write the number with its country code, such as +31612345678.")


WHOSE = (
    ("me", msg("my own messages")),
    ("last", msg("whoever got it last")),
    ("address", msg("the member at the address below")),
)


class ReplyForm(Form):
    """A reply that an organizer writes in a member's place, at a desk without a carrier."""

    sender = TelField(
        msg("From this number"),
        [InputRequired(_NUMBER), Length(max=20)],
        render_kw={"autocomplete": "off"},
    )
    body = TextAreaField(
        msg("What the member answers"),
        [InputRequired(msg("Write what the member answers.")), Length(max=1600)],
        description=msg("STOP, START and HELP work as they do on a phone; so does the word to check in."),
    )


class AnswerForm(Form):
    """An organizer's answer to a reply."""

    text = TextAreaField(
        msg("Your answer"),
        [InputRequired(msg("Write your answer."))],
        description=msg("It goes out as a text: up to 160 letters are one. The member sees our number."),
        render_kw={"rows": "4"},
    )


class AssignForm(Form):
    """Who deals with a reply."""

    organizer = SelectField(msg("Who deals with it"), validate_choice=False)


class ShareForm(Form):
    """A provider's share, set by hand."""

    provider = SelectField(msg("Provider"), validate_choice=False)
    weight = IntegerField(
        msg("Texts of a hundred"),
        [
            InputRequired(msg("A share is a number from 0 to 100.")),
            NumberRange(0, 100, msg("A share is a number from 0 to 100.")),
        ],
        description=msg("The other provider takes the rest. It stays so until you let it move again."),
        render_kw={"inputmode": "numeric"},
    )


class TrialNumberForm(Form):
    """A number that may be texted during the trial."""

    number = TelField(
        msg("Number"), [InputRequired(_NUMBER), Length(max=20)], description=_NUMBER,
        render_kw={"autocomplete": "off"},
    )  # fmt: skip


class LiftForm(Form):
    """The end of the trial."""

    sure = BooleanField(msg("I know that texts now go to members and cost money"))


class TextForm(Form):
    """An organizer's own wording and what to preview it with; the service judges the words."""

    subject = StringField(msg("Subject"))
    body = TextAreaField(msg("Text"), render_kw={"rows": "10", "spellcheck": "true"})
    whose = SelectField(
        msg("Show it with the values of"),
        choices=options(WHOSE),
        validate_choice=False,
    )
    address = StringField(
        msg("Email address or number of a member"),
        [Length(max=254)],
        description=msg(
            "Only when you chose so above. That you looked at a member's values is written in the log."
        ),
        render_kw={"autocomplete": "off"},
    )
    recipients = IntegerField(
        msg("For how many members"),
        [Optional(), NumberRange(1, 10_000_000, msg("A number from 1."))],
        render_kw={"inputmode": "numeric"},
    )
