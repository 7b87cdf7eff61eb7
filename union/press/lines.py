"""Words broken into lines by the widths of their letters. Pure."""

from collections.abc import Iterator


def lines(text: str, room: dict[str, float], width: float) -> Iterator[str]:
    """Yield a paragraph in lines of at most `width`. room: of each letter, in millimetres as the width."""
    line, used = "", 0.0
    for word in text.split():
        long = sum(room[letter] for letter in word)
        if line and used + room[" "] + long <= width:
            line, used = f"{line} {word}", used + room[" "] + long
            continue
        if line:
            yield line
        *full, line = _cut(word, room, width)
        yield from full
        used = sum(room[letter] for letter in line)
    yield line


def _cut(word: str, room: dict[str, float], width: float) -> Iterator[str]:
    """Yield a word whole, or in parts where it is longer than a line."""
    start, used = 0, 0.0
    for place, letter in enumerate(word):
        if place > start and used + room[letter] > width:
            yield word[start:place]
            start, used = place, 0.0
        used += room[letter]
    yield word[start:]
