"""What an organizer plans, as typed: kept apart from the row it becomes. Pure."""

from dataclasses import dataclass

from union.actions.rules.states import Kind, Mode


@dataclass(frozen=True)
class Plan:
    """What an organizer plans.

    wall_start, wall_end: local times, YYYY-MM-DDTHH:MM; wall_end None: until it is called off. zone: where
    they are local in instant mode. briefing, decision: minutes before the start at which members are briefed
    and at which mandate and floor are looked at once more. to_act: minutes before the start by which
    everybody must know.
    place: country or region for working days. chapter: whose members are called, "" for all of them.
     show_delay: minutes by which public check-in numbers lag.
    chase: minutes after the start to the first reminder of who is not done, 0 for none.
    """

    kind: Kind
    title: str
    summary: str
    targets: tuple[str, ...]
    steps: tuple[str, ...]
    wall_start: str
    wall_end: str | None
    zone: str
    floor: int
    before: tuple[str, ...] = ()
    mode: Mode = Mode.INSTANT
    escalation: str = ""
    announced: bool = False
    briefing: int = 24 * 60
    decision: int = 60
    to_act: int = 10
    sms_route: str = "alphanumeric"
    place: str = ""
    chapter: str = ""
    show_delay: int = 0
    chase: int = 0
