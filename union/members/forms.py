"""The forms of the registry: what is asked, in which words.

What is right is decided by rules and services.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from wtforms import (
    BooleanField,
    EmailField,
    FileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from union.core.i18n import LANGUAGES, msg
from union.members.rules.membership import WORK_WORDS, Work
from union.web.fields import options
from union.web.forms import Form

SMS_WORDS = msg("Text me about actions and votes I take part in. I can stop this any time by answering STOP.")
_AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@cache
def zones() -> list[SelectChoice]:
    """Return the IANA zones named after places, as choices."""
    names = sorted(name for name in available_timezones() if name.startswith(_AREAS))
    return options((name, name.replace("_", " ")) for name in names)


class Several(SelectMultipleField):  # type: ignore[misc]
    """Several answers from a list, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class NameForm(Form):
    """What somebody wants to be called."""

    name = StringField(
        msg("What shall we call you?"),
        [DataRequired(msg("Tell us what to call you. It need not be your legal name."))],
        description=msg("A first name or nickname is enough."),
        render_kw={"autocomplete": "nickname"},
    )


class ContactForm(Form):
    """How somebody is reached; one is enough."""

    email = EmailField(msg("Email address"), [Optional()], render_kw={"autocomplete": "email"})
    phone = TelField(
        msg("Mobile number"),
        [Optional()],
        description=msg("With its country code if it is not Dutch, such as +32 470 12 34 56."),
        render_kw={"autocomplete": "tel"},
    )


class ChapterForm(Form):
    """Where somebody belongs."""

    chapter = RadioField(
        msg("Which chapter is near you?"), [InputRequired(msg("Choose a chapter."))], validate_choice=True
    )


class PlatformsForm(Form):
    """Which platforms somebody has to do with."""

    platforms = Several(
        msg("Which platforms are yours?"),
        description=msg(
            "Those you work for, sell on, make things for or use, and would want to act on together."
        ),
    )


class LanguageForm(Form):
    """In which language and at which hour we write."""

    language = RadioField(msg("In which language shall we write?"), choices=options(LANGUAGES.items()))
    zone = SelectField(
        msg("What time is it where you are?"),
        description=msg("Times are shown in this zone, and we send no texts at night."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - WTForms' own
        super().__init__(*args, **kwargs)
        self.zone.choices = zones()


class SmsForm(Form):
    """Alerts by SMS, asked for apart from joining."""

    sms = BooleanField(SMS_WORDS)


class CodeForm(Form):
    """A code that was sent."""

    code = StringField(
        msg("Six-digit code"),
        [DataRequired(msg("Type the code we sent you."))],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "9"},
    )


class EmptyForm(Form):
    """A button."""


class SignInForm(Form):
    """Who wants to sign in."""

    contact = StringField(
        msg("Email address or mobile number"),
        [DataRequired(msg("Give an email address or a mobile number."))],
        description=msg("We send a link and a code there. There is no password."),
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )


class DetailsForm(LanguageForm):
    """A member's details."""

    name = StringField(
        msg("What shall we call you?"),
        [DataRequired(msg("Tell us what to call you. It need not be your legal name."))],
        render_kw={"autocomplete": "nickname"},
    )
    chapter = SelectField(msg("Chapter"))


class EmailAddressForm(Form):
    """A new email address."""

    address = EmailField(
        msg("Email address"), [DataRequired(msg("Give the address."))], render_kw={"autocomplete": "email"}
    )


class PhoneAddressForm(Form):
    """A new mobile number."""

    address = TelField(
        msg("Mobile number"),
        [DataRequired(msg("Give the number."))],
        description=msg("With its country code if it is not Dutch, such as +32 470 12 34 56."),
        render_kw={"autocomplete": "tel"},
    )


class VouchCodeForm(Form):
    """The code of a colleague who wants to join."""

    code = StringField(
        msg("Code of your colleague"),
        [DataRequired(msg("Type the code your colleague gave you."))],
        description=msg("Eight letters and digits, from your colleague's own account page."),
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


class ReasonForm(Form):
    """Why something is done."""

    reason = TextAreaField(msg("Reason"), [DataRequired(msg("Give the reason."))], render_kw={"rows": 2})


class UploadForm(Form):
    """A register to import."""

    file = FileField(
        msg("CSV file"),
        description=msg(
            "As a spreadsheet saves it: commas, semicolons or tabs, UTF-8 or UTF-16. At most 2 MB."
        ),
        render_kw={"accept": ".csv,.txt,text/csv"},
    )


class ImportForm(Form):
    """The officer's yes to an import."""

    skip_bad = BooleanField(msg("Leave the bad rows out and import the good ones"))
    confirmed = BooleanField(msg("The union has confirmed before that these addresses are theirs"))


class ChapterAddForm(Form):
    """A new chapter."""

    name = StringField(msg("Name of the chapter"), [DataRequired(msg("Give the chapter a name."))])
    zone = SelectField(msg("Time zone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - WTForms' own
        super().__init__(*args, **kwargs)
        self.zone.choices = zones()


def work_form(names: Mapping[str, str], chosen: Mapping[str, Iterable[str]]) -> Form:
    """Return a form with one question per platform: as what. names: slug → name."""
    words = options((work.value, WORK_WORDS[work]) for work in Work)
    fields = {
        _field(slug): Several(name, choices=words, default=list(chosen.get(slug, ())))
        for slug, name in names.items()
    }
    made: Form = type("WorkForm", (Form,), fields)()
    return made


def work_of(form: Form, names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return slug → kinds as answered."""
    return {slug: tuple(form[_field(slug)].data or ()) for slug in names}


def work_errors(form: Form, names: Mapping[str, str]) -> None:
    """Ask for an answer where there is none."""
    for slug in names:
        field = form[_field(slug)]
        if not field.data:
            field.errors = [*field.errors, msg("Choose at least one.")]


def _field(slug: str) -> str:
    return "work_" + slug.replace("-", "_")
