"""What people fill in to sign and to follow, and what organizers fill in about signatures."""

from wtforms import BooleanField, DateField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.campaigns import words
from union.campaigns.forms import MOST, CampaignForm
from union.campaigns.rules import SIGNED, Kind
from union.campaigns.service import Draft, PaperLine, Signer
from union.core.i18n import msg
from union.web.fields import FILLED, options
from union.web.forms import Form

_LONGEST_TEXT = 10_000


class SignForm(Form):
    """A signature. Both boxes are empty until somebody ticks them."""

    name = StringField(
        msg("Your name"), [InputRequired(FILLED), Length(max=80)], render_kw={"autocomplete": "name"}
    )
    email = StringField(
        msg("Email"),
        [InputRequired(FILLED), Length(max=254)],
        description=msg("We send one message to confirm. Your signature counts after that."),
        render_kw={"autocomplete": "email", "type": "email"},
    )
    place = StringField(msg("Place"), [Optional(), Length(max=60)])
    public = BooleanField(msg("Show my name and place publicly"))
    news = BooleanField(msg("Email me the news of this campaign"))

    def signer(self) -> Signer:
        """Return what was filled in."""
        return Signer(
            name=self.name.data,
            email=self.email.data,
            place=self.place.data or "",
            public=bool(self.public.data),
            news=bool(self.news.data),
        )


class FollowForm(Form):
    """An address for news."""

    email = StringField(
        msg("Email"),
        [InputRequired(FILLED), Length(max=254)],
        render_kw={"autocomplete": "email", "type": "email"},
    )


class CodeForm(Form):
    """The code that was sent."""

    code = StringField(
        msg("Six-digit code"),
        [InputRequired(msg("Type the code we sent you."))],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "9"},
    )


class KindForm(Form):
    """What people are asked for."""

    kind = RadioField(
        msg("What do you ask people for?"),
        [InputRequired(msg("Choose what people are asked for."))],
        choices=options((kind.value, told.name) for kind, told in words.KINDS.items()),
    )


class SignedForm(CampaignForm):
    """The draft of a petition, a letter or a boycott: a text and a goal, no unit and no demands to debate."""

    unit = None
    debate_until = None
    pledge_text = TextAreaField("", [InputRequired(FILLED), Length(10, _LONGEST_TEXT)])
    goal = IntegerField(
        msg("Goal"),
        [InputRequired(FILLED), NumberRange(1, MOST)],
        description=msg("The full meter: a number you can reach, and raise your voice with."),
    )
    threshold = IntegerField(
        msg("Hand over from"),
        [Optional(), NumberRange(1, MOST)],
        description=msg("The stave in the meter. Leave it empty to hand over at the goal."),
    )

    def draft(self, platform_slug: str) -> Draft:
        """Return the facts; raises Invalid for a local time that does not exist or exists twice."""
        goal = int(self.goal.data or 0)
        return self._draft(
            platform_slug, unit=goal, goal=goal, threshold=self.threshold.data or goal, debate_until=None
        )


def draft_form(kind: Kind) -> CampaignForm:
    """Return the form of a draft of this kind, worded for it."""
    told = words.KINDS[kind]
    form = SignedForm() if kind in SIGNED else CampaignForm()
    form.pledge_text.label.text, form.pledge_text.description = told.text_label, told.text_hint
    if kind in SIGNED:
        form.deadline.label.text = told.deadline
        form.deadline.description = msg("Signing closes at this moment; you can open it again.")
    form.kind_of, form.words = kind, told
    return form


class ReviseForm(Form):
    """New words to be signed."""

    text = TextAreaField(msg("The new words"), [InputRequired(FILLED), Length(10, _LONGEST_TEXT)])
    reason = TextAreaField(
        msg("Why they change"),
        [InputRequired(FILLED), Length(max=500)],
        description=msg("Stands on the public timeline."),
    )


class PaperForm(Form):
    """Lines copied from a sheet."""

    lines = TextAreaField(
        msg("One line for each signature"),
        [InputRequired(FILLED), Length(max=40_000)],
        description=msg(
            "name; email; place; yes or no (may the name be shown). A cell copied from a sheet works."
        ),
        render_kw={"rows": "10", "spellcheck": "false"},
    )

    def typed(self) -> list[PaperLine]:
        """Return the lines that are not empty, each with its number."""
        lines = (self.lines.data or "").splitlines()
        return [PaperLine(n, line.strip()) for n, line in enumerate(lines, start=1) if line.strip()]


class HandOverForm(Form):
    """A hand-over as it happened."""

    at = DateField(msg("On which day?"), [InputRequired(msg("Give a day."))])
    to_whom = StringField(
        msg("To whom?"),
        [InputRequired(FILLED), Length(3, 120)],
        description=msg("Name and function, as it may stand on the public page."),
    )
    note = TextAreaField(msg("What they said"), [Optional(), Length(max=2000)])


class ExportForm(Form):
    """Why the list is taken."""

    reason = StringField(
        msg("What is the list for?"),
        [InputRequired(msg("Say what the list is for; it is written down.")), Length(max=200)],
    )


class NewsForm(Form):
    """News for the timeline, the feed and those who follow."""

    title = StringField(msg("Headline"), [InputRequired(FILLED), Length(3, 120)])
    text = TextAreaField(msg("News"), [InputRequired(FILLED), Length(1, 4000)])
    mail = BooleanField(msg("Email it to those who follow"))
