"""How many SMS segments a text takes, and in which alphabet.

Pure. Follows 3GPP TS 23.038 (the 7-bit default alphabet and its extension table) and TS 23.040 (a
concatenated segment loses 6 octets to its header). An escape pair, a surrogate pair or a combined
character never straddles two segments, so dividing the length by the capacity under-counts.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Encoding(StrEnum):
    """The alphabet a text needs: one character outside GSM-7 turns the whole text into UCS-2."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """A counted text.

    units: septets for GSM-7, 16-bit units for UCS-2; room: how many are left in the last segment.
    """

    encoding: Encoding
    segments: int
    units: int
    room: int


GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"

_BASIC_ONLY = re.compile(f"[{re.escape(GSM_BASIC)}]*")
_SEPTETS = dict.fromkeys(GSM_BASIC, 1) | dict.fromkeys(GSM_EXTENSION, 2)
_CAPACITY = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}

_ZWJ = "\u200d"
_BMP_END = 0xFFFF


def count(text: str) -> Segments:
    """Count the segments `text` is sent and charged as; an empty text still takes one."""
    if _BASIC_ONLY.fullmatch(text):
        return _divide(Encoding.GSM7, len(text), None)
    try:
        widths = [_SEPTETS[character] for character in text]
    except KeyError:
        clusters = [sum(_utf16_units(character) for character in cluster) for cluster in _clusters(text)]
        return _divide(Encoding.UCS2, sum(clusters), clusters)
    return _divide(Encoding.GSM7, sum(widths), widths)


def _divide(encoding: Encoding, units: int, widths: list[int] | None) -> Segments:
    """Fill segments greedily; `widths` are the pieces that stay whole (None: all of width one)."""
    single, each = _CAPACITY[encoding]
    if units <= single:
        return Segments(encoding, 1, units, single - units)
    if widths is None:
        segments = -(-units // each)
        return Segments(encoding, segments, units, segments * each - units)
    segments, used = 1, 0
    for width in widths:
        if used + width > each:
            segments, used = segments + 1, 0
        used += width
    return Segments(encoding, segments, units, max(each - used, 0))


def _utf16_units(character: str) -> int:
    return 2 if ord(character) > _BMP_END else 1


def _clusters(text: str) -> Iterator[str]:
    """Split into user-perceived characters (the parts of Unicode Annex 29 that occur in messages)."""
    cluster = ""
    for character in text:
        if cluster and not _extends(cluster, character):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _extends(cluster: str, character: str) -> bool:
    """Tell whether `character` still belongs to `cluster`: marks, joiners, skin tones, flag pairs, jamo."""
    last = cluster[-1]
    if unicodedata.category(last) in {"Cc", "Zl", "Zp"}:
        return False
    if unicodedata.category(character) in {"Mn", "Me", "Mc"} or character in {_ZWJ, "\u200c"}:
        return True
    if "\U0001f3fb" <= character <= "\U0001f3ff":
        return unicodedata.category(last) in {"So", "Mn"} and not _is_flag_half(last)
    if last == _ZWJ and unicodedata.category(character) == "So":
        return True
    if _is_flag_half(character) and _is_flag_half(last):
        return sum(1 for c in cluster if _is_flag_half(c)) % 2 == 1
    return _is_hangul_tail(last, character)


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_hangul_tail(last: str, character: str) -> bool:
    """Conjoining jamo: a vowel after a leading consonant or vowel, a final after either or a syllable."""
    if "\u1100" <= last <= "\u115f":
        return "\u1100" <= character <= "\u11a7" or "\uac00" <= character <= "\ud7a3"
    if "\u1160" <= character <= "\u11a7":
        open_syllable = "\uac00" <= last <= "\ud7a3" and (ord(last) - 0xAC00) % 28 == 0
        return "\u1160" <= last <= "\u11a7" or open_syllable
    if "\u11a8" <= character <= "\u11ff":
        return "\u1160" <= last <= "\u11ff" or "\uac00" <= last <= "\ud7a3"
    return False
