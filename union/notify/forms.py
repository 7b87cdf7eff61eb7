"""Forms of the message desk."""

from wtforms import TelField, TextAreaField
from wtforms.validators import InputRequired, Length

from union.core.i18n import msg
from union.web.forms import Form


class ReplyForm(Form):
    """A reply that an organizer writes in a member's place, at a desk without a carrier."""

    sender = TelField(
        msg("From this number"),
        [InputRequired(msg("Write the number with its country code, such as +31612345678.")), Length(max=20)],
        render_kw={"autocomplete": "off"},
    )
    body = TextAreaField(
        msg("What the member answers"),
        [InputRequired(msg("Write what the member answers.")), Length(max=1600)],
        description=msg("STOP, START and HELP work as they do on a phone; so does the word to check in."),
    )
