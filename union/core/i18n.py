"""Words in English and Dutch: catalogs, translation, dates with their zone.

English message ids stand in the code; every room ships `nl.po`. No Flask: the language is an argument.
"""

from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_location, get_timezone_name
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = {"en": "English", "nl": "Nederlands"}
DEFAULT_LANGUAGE = "en"
_ROOMS = Path(__file__).parent.parent
_HOUR, _DAY = 60, 24 * 60


def msg(text: str) -> str:
    """Mark `text` for translation where it is written; it is translated where it is shown."""
    return text


@cache
def catalog(language: str) -> dict[str, tuple[str, ...]]:
    """Return message id → translations (one, or one per plural form) of all rooms for `language`."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(_ROOMS.glob(f"*/{language}.po")):
        with path.open("rb") as po:
            for message in read_po(po, locale=language):
                if not message.id or message.fuzzy:
                    continue
                key = message.id if isinstance(message.id, str) else message.id[0]
                words = message.string if isinstance(message.string, tuple) else (message.string,)
                if all(isinstance(word, str) and word for word in words):
                    found[key] = tuple(str(word) for word in words)
    return found


def translate(language: str, text: str, **facts: object) -> str:
    """Return `text` in `language` with its %(name)s fields filled; English where no translation is known."""
    words = catalog(language).get(text, (text,))[0] if language != DEFAULT_LANGUAGE else text
    return words % facts if facts else words


def plural_form(language: str, one: str, many: str, n: int) -> str:
    """Return the form of `one`/`many` that fits `n`, its fields still open."""
    forms = catalog(language).get(one, (one, many)) if language != DEFAULT_LANGUAGE else (one, many)
    return forms[0] if n == 1 else forms[-1]


def translate_plural(language: str, one: str, many: str, n: int, **facts: object) -> str:
    """Return the form of `one`/`many` that fits `n`; both may use %(n)s."""
    return plural_form(language, one, many, n) % {"n": number(n, language), "num": n, **facts}


@lru_cache(maxsize=4096)
def number(value: float, language: str) -> str:
    """Return `value` with the digit grouping of `language`."""
    return format_decimal(value, locale=language)


@cache
def place(zone: str, language: str) -> str:
    """Return the city of an IANA zone as people say it, such as Amsterdam."""
    if zone in {"UTC", "Etc/UTC"}:
        return "UTC"
    city = get_timezone_location(ZoneInfo(zone), locale=language, return_city=True)
    return city or get_timezone_name(ZoneInfo(zone), locale=language)


def day(value: date, language: str) -> str:
    """Return `value` as weekday and date, as `when` writes them."""
    return format_date(value, "EEE d MMM yyyy", locale=language)


def span(minutes: int, language: str) -> str:
    """Return a length of time as every page says it: in minutes or whole hours, from two days on in days."""
    if minutes % _DAY == 0 and minutes >= 2 * _DAY:
        return translate_plural(language, msg("%(n)s day"), msg("%(n)s days"), minutes // _DAY)
    if minutes % _HOUR == 0:
        return translate_plural(language, msg("%(n)s hour"), msg("%(n)s hours"), minutes // _HOUR)
    return translate_plural(language, msg("%(n)s minute"), msg("%(n)s minutes"), minutes)


def when(instant: datetime, zone: str, language: str) -> str:
    """Return `instant` as weekday, date and 24-hour time in `zone`, naming its city."""
    local = format_datetime(instant, "EEE d MMM yyyy HH:mm", tzinfo=ZoneInfo(zone), locale=language)
    city = place(zone, language)
    if city == "UTC":
        return f"{local} UTC"
    return translate(language, msg("%(local)s, %(city)s time"), local=local, city=city)
