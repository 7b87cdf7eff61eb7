"""Fields and choices that forms of several rooms share, and local times as forms show and take them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from wtforms import DateTimeLocalField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.zones import instant
from union.web.i18n import gettext

FILLED = msg("Fill this in.")
WHEN = msg("Give a date and a time.")


class CheckboxesField(SelectMultipleField):  # type: ignore[misc]
    """Several answers, one checkbox each."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def options(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Return (value, label) pairs as choices of a field."""
    return [SelectChoice(value, label) for value, label in pairs]


def translated(field: SelectField) -> None:
    """Translate the labels of a drop-down: unlike those of cards, no macro of ours draws them."""
    field.choices = options((choice.value, gettext(choice.label)) for choice in field.choices)


def zone_choices(zones: Iterable[str]) -> list[SelectChoice]:
    """Return the time zones to choose from, each once, in the order given, UTC at the end."""
    return options((zone, zone.replace("_", " ")) for zone in dict.fromkeys((*zones, "UTC")))


def moment_field(label: str, description: str = "", *, optional: bool = False) -> DateTimeLocalField:
    """Return a field for a local date and time."""
    return DateTimeLocalField(
        label,
        [Optional() if optional else InputRequired(WHEN)],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        description=description,
    )


def at_field(wall: datetime, zone: str, field: str) -> datetime:
    """Return the instant a local time names; the refusal of a skipped or repeated one stands at `field`."""
    try:
        return instant(wall, zone)
    except UnionError as refusal:
        refusal.field = field
        raise


def local(moment: datetime, zone: str) -> datetime:
    """Return an instant as the naive local time a form shows."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)


def in_days(now: datetime, days: int, zone: str, hour: int = 18) -> datetime:
    """Return the naive local time `days` from now at `hour`, as a form's suggestion."""
    return (local(now, zone) + timedelta(days=days)).replace(hour=hour, minute=0)
