"""What people fill in about the strike fund: plain values out, amounts as whole cents."""

from datetime import date

from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.core import money
from union.core.i18n import msg
from union.ledger.rules import CHART, INCOMES, PayRule
from union.ledger.service.claims import CONSENT
from union.ledger.service.funds import Draft
from union.web.fields import FILLED, CheckboxesField, at_field, local, moment_field
from union.web.forms import Form

_DAY = msg("Give a date.")
_AMOUNT = {"inputmode": "decimal", "autocomplete": "off"}


class ContributeForm(Form):
    """Money that came in."""

    account = RadioField(
        msg("What is it?"),
        [InputRequired(msg("Choose what kind of money came in."))],
        choices=[SelectChoice(code, CHART[code][0]) for code in INCOMES],
    )
    amount = StringField(msg("Amount in euros"), [InputRequired(FILLED), Length(max=24)], render_kw=_AMOUNT)
    booked_on = DateField(msg("Day on the bank statement"), [InputRequired(_DAY)])
    ref = StringField(
        msg("Reference on the bank statement"),
        [InputRequired(FILLED), Length(max=60)],
        description=msg("The same line is never booked twice."),
    )
    text = StringField(
        msg("Description"), [InputRequired(FILLED), Length(max=160)], description=msg("Leave out names.")
    )

    def cents(self) -> int:
        """Return the amount; raises Invalid at its field."""
        return money.parse(self.amount.data, field="amount")


class StatementForm(Form):
    """Lines of a bank statement."""

    account = RadioField(
        msg("What is it?"),
        [InputRequired(msg("Choose what kind of money came in."))],
        choices=[SelectChoice(code, CHART[code][0]) for code in INCOMES],
    )
    lines = TextAreaField(
        msg("Lines of the bank statement"),
        [InputRequired(FILLED), Length(max=400_000)],
        description=msg(
            "One line each: day; amount; reference; description. Tabs and commas do as well as semicolons."
            " Leave out names."
        ),
        render_kw={"rows": 10, "spellcheck": "false", "autocomplete": "off"},
    )


class FundForm(Form):
    """A round of strike pay: the strike, the rule, until when members can claim."""

    title = StringField(msg("Name of the round"), [InputRequired(FILLED), Length(3, 120)])
    subject = StringField(
        msg("For which action"),
        [Optional(), Length(max=120)],
        description=msg("Such as action/log-off-together."),
    )
    starts_on = DateField(msg("First day of the strike"), [InputRequired(_DAY)])
    ends_on = DateField(msg("Last day of the strike"), [InputRequired(_DAY)])
    first_day = IntegerField(
        msg("Paid from which day on?"),
        [InputRequired(FILLED), NumberRange(1, 366)],
        default=1,
        description=msg("1 pays from the first day, 8 from the eighth."),
    )
    per_day = StringField(
        msg("Amount per day in euros"), [InputRequired(FILLED), Length(max=24)], render_kw=_AMOUNT
    )
    most_days = IntegerField(
        msg("At most how many days?"), [Optional(), NumberRange(1, 366)], description=msg("Empty: no limit.")
    )
    hardship_first = BooleanField(msg("Who is in hardship is paid first, in full"), default=True)
    text = TextAreaField(
        msg("The rule in words"),
        [InputRequired(FILLED), Length(10, 4000)],
        description=msg("Members read this. It is frozen with all numbers when claims open."),
    )
    claims_until = moment_field(msg("Claims until"))
    zone = SelectField(msg("Time zone"), choices=[])

    def draft(self) -> Draft:
        """Return the facts; raises Invalid at a field."""
        rule = PayRule(
            text=self.text.data.replace("\r\n", "\n").strip(),
            first_day=int(self.first_day.data),
            per_day=money.parse(self.per_day.data, field="per_day"),
            most_days=self.most_days.data,
            hardship_first=bool(self.hardship_first.data),
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
        )
        return Draft(
            title=" ".join(self.title.data.split()),
            subject=(self.subject.data or "").strip(),
            zone=self.zone.data,
            rule=rule,
            claims_until=at_field(self.claims_until.data, self.zone.data, "claims_until"),
        )

    def show(self, draft: Draft) -> None:
        """Fill the form with a draft written before."""
        self.title.data, self.subject.data, self.zone.data = draft.title, draft.subject, draft.zone
        rule = draft.rule
        for name in ("starts_on", "ends_on", "first_day", "most_days", "hardship_first", "text"):
            self[name].data = getattr(rule, name)
        self.per_day.data = money.plain(rule.per_day)
        self.claims_until.data = local(draft.claims_until, draft.zone)


class ClaimForm(Form):
    """A member's own claim."""

    days = CheckboxesField(msg("On which days did you take part?"), choices=[])
    hardship = BooleanField(msg("I am in hardship and ask to be paid first"))
    reason = TextAreaField(
        msg("Why you are paid first"),
        [Optional(), Length(max=1000)],
        description=msg("Only if you ticked hardship. A few words are enough."),
    )
    payee = StringField(
        msg("Name on the bank account"),
        [InputRequired(FILLED), Length(max=70)],
        render_kw={"autocomplete": "name"},
    )
    iban = StringField(
        msg("Account number (IBAN)"),
        [InputRequired(FILLED), Length(max=50)],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    consent = BooleanField(CONSENT)

    def claimed(self) -> list[date]:
        """Return the days that were ticked."""
        return [date.fromisoformat(day) for day in self.days.data or []]


class RefuseForm(Form):
    """Why a claim is refused."""

    refusal = TextAreaField(
        msg("What the member reads"), [InputRequired(msg("Give the member a reason.")), Length(max=1000)]
    )


class CorrectForm(Form):
    """Why an entry is undone."""

    reason = StringField(msg("Why"), [InputRequired(FILLED), Length(max=160)])
