"""What a heartbeat tells, from its age alone. Pure."""

from datetime import timedelta

AWAKE = timedelta(seconds=10)
"""A process that has not ticked for this long is silent."""

AHEAD = timedelta(seconds=3)
"""A tick further ahead than this comes from a clock that is off: how fresh it is nobody can tell."""


def ahead(age: timedelta) -> bool:
    """Tell whether a tick of that age lies in the future: one of the two clocks is wrong."""
    return -age > AHEAD


def awake(age: timedelta, within: timedelta = AWAKE) -> bool:
    """Tell whether who ticked so long ago is awake."""
    return not ahead(age) and age < within
