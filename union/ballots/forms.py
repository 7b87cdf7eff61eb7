"""What people fill in to hold a ballot: plain values out, every message at its field."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from union.ballots.extension import Clause, typed
from union.ballots.presets import PLACES, Preset
from union.ballots.queries import Choices
from union.ballots.rules import Kind
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
            rule.id: f"{gettext(rule.summary)} {gettext(source, source=gettext(rule.source_title))}"
            for rule in self.rules
        }

    @property
    def rule_places(self) -> list[tuple[str, list[str]]]:
        """The ids of the rules by where they come from, in the reader's language; our own under no title."""
        titles = ("", *PLACES)
        found = [(title, [rule.id for rule in self.rules if rule.place == title]) for title in titles]
        return [(gettext(title) if title else "", ids) for title, ids in found if ids]

    @property
    def group_hints(self) -> dict[str, str]:
        """What each group is good for, in the reader's language."""
        return {name: gettext(text) for name, text in GROUP_HINTS.items()}

    def refuse(self, error: UnionError) -> None:
        """Show `error` at its field; where there is no trustee to tick, at the server's share instead."""
        if error.field == "trustees" and not self.trustees.choices:
            error.field = "server_trustee"
        super().refuse(error)


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
