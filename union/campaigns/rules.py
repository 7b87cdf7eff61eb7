"""When a campaign may move on, and what may happen to a demand. Pure: values in, values out."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from union.core.errors import Closed
from union.core.i18n import msg


class Kind(StrEnum):
    """What people are asked for: a pledge to act together, or a signature confirmed by email."""

    ACTION = "action"
    PETITION = "petition"
    LETTER = "letter"
    BOYCOTT = "boycott"


SIGNED = frozenset({Kind.PETITION, Kind.LETTER, Kind.BOYCOTT})


class Stage(StrEnum):
    """How far a campaign is. SIGNED: signing is over, and the signatures can be handed over."""

    DRAFT = "draft"
    GATHERING = "gathering"
    SIGNED = "signed"
    TIPPED = "tipped"
    FELL_SHORT = "fell_short"
    BALLOT = "ballot"
    MANDATED = "mandated"
    ACTING = "acting"
    BARGAINING = "bargaining"
    WON = "won"
    CLOSED = "closed"


class Turn(StrEnum):
    """What moves a campaign."""

    PUBLISH = "publish"
    CLOSE_SIGNING = "close_signing"
    TIP = "tip"
    FALL_SHORT = "fall_short"
    GATHER_AGAIN = "gather_again"
    LAUNCH_VOTE = "launch_vote"
    GRANT = "grant"
    REFUSE = "refuse"
    EXPIRE = "expire"
    ACT = "act"
    BARGAIN = "bargain"
    WIN = "win"
    CLOSE = "close"


S, T = Stage, Turn

TRANSITIONS: dict[tuple[Stage, Turn], Stage] = {
    (S.DRAFT, T.PUBLISH): S.GATHERING,
    (S.DRAFT, T.CLOSE): S.CLOSED,
    (S.GATHERING, T.TIP): S.TIPPED,
    (S.GATHERING, T.FALL_SHORT): S.FELL_SHORT,
    (S.GATHERING, T.WIN): S.WON,
    (S.GATHERING, T.CLOSE): S.CLOSED,
    (S.GATHERING, T.CLOSE_SIGNING): S.SIGNED,
    (S.SIGNED, T.GATHER_AGAIN): S.GATHERING,
    (S.SIGNED, T.BARGAIN): S.BARGAINING,
    (S.SIGNED, T.WIN): S.WON,
    (S.SIGNED, T.CLOSE): S.CLOSED,
    (S.FELL_SHORT, T.GATHER_AGAIN): S.GATHERING,
    (S.FELL_SHORT, T.BARGAIN): S.BARGAINING,
    (S.FELL_SHORT, T.WIN): S.WON,
    (S.FELL_SHORT, T.CLOSE): S.CLOSED,
    (S.TIPPED, T.LAUNCH_VOTE): S.BALLOT,
    (S.TIPPED, T.BARGAIN): S.BARGAINING,
    (S.TIPPED, T.WIN): S.WON,
    (S.TIPPED, T.CLOSE): S.CLOSED,
    (S.BALLOT, T.GRANT): S.MANDATED,
    (S.BALLOT, T.REFUSE): S.TIPPED,
    (S.BALLOT, T.WIN): S.WON,
    (S.BALLOT, T.CLOSE): S.CLOSED,
    (S.MANDATED, T.ACT): S.ACTING,
    (S.MANDATED, T.EXPIRE): S.TIPPED,
    (S.MANDATED, T.BARGAIN): S.BARGAINING,
    (S.MANDATED, T.WIN): S.WON,
    (S.MANDATED, T.CLOSE): S.CLOSED,
    (S.ACTING, T.ACT): S.ACTING,
    (S.ACTING, T.BARGAIN): S.BARGAINING,
    (S.ACTING, T.WIN): S.WON,
    (S.ACTING, T.CLOSE): S.CLOSED,
    (S.BARGAINING, T.ACT): S.ACTING,
    (S.BARGAINING, T.LAUNCH_VOTE): S.BALLOT,
    (S.BARGAINING, T.BARGAIN): S.BARGAINING,
    (S.BARGAINING, T.WIN): S.WON,
    (S.BARGAINING, T.CLOSE): S.CLOSED,
}

# Why a turn is refused, by the stage it was tried in; else by the turn itself.
REFUSED_IN: dict[tuple[Stage, Turn], str] = {
    (S.DRAFT, T.LAUNCH_VOTE): msg("The campaign is not published yet. Publish it and let members pledge."),
    (S.GATHERING, T.LAUNCH_VOTE): msg(
        "Members are still pledging. Launch the vote once the round is settled."
    ),
    (S.FELL_SHORT, T.LAUNCH_VOTE): msg("The pledge round fell short. Gather again before you launch a vote."),
    (S.BALLOT, T.LAUNCH_VOTE): msg("A vote on this campaign is under way."),
    (S.MANDATED, T.LAUNCH_VOTE): msg("Members have given a mandate already, and it is in force."),
    (S.BALLOT, T.ACT): msg("The vote has no result yet. No action starts without a mandate."),
}
REFUSED: dict[Turn, str] = {
    T.PUBLISH: msg("The campaign is published already."),
    T.CLOSE_SIGNING: msg("Nobody is signing here now."),
    T.TIP: msg("The pledge round has settled already."),
    T.FALL_SHORT: msg("The pledge round has settled already."),
    T.GATHER_AGAIN: msg("Only a campaign whose pledge round fell short can gather again."),
    T.LAUNCH_VOTE: msg("No vote can be launched at this stage of the campaign."),
    T.GRANT: msg("No vote on this campaign is waiting for a result."),
    T.REFUSE: msg("No vote on this campaign is waiting for a result."),
    T.EXPIRE: msg("This campaign has no mandate that could expire."),
    T.ACT: msg("No action starts without a mandate. Launch a strike vote first."),
    T.BARGAIN: msg("There is nothing to bargain with yet: let the pledge round settle first."),
    T.WIN: msg("A campaign that never was public cannot be won."),
    T.CLOSE: msg("The campaign has ended."),
}
OVER = msg("The campaign has ended.")
ONLY_SIGNED = msg("This campaign gathers signatures. For a vote and an action start a campaign with pledges.")
# What only pledges lead to, and what only signatures do.
_OF_PLEDGES = frozenset({T.TIP, T.FALL_SHORT, T.LAUNCH_VOTE, T.GRANT, T.REFUSE, T.EXPIRE, T.ACT})
_OF_SIGNATURES = frozenset({T.CLOSE_SIGNING})

ENDED = frozenset({S.WON, S.CLOSED})
LIVE = frozenset(Stage) - ENDED - {S.DRAFT}


def after(stage: Stage, turn: Turn, kind: Kind = Kind.ACTION) -> Stage:
    """Return the stage `turn` leads to; raises Closed with the reason where it leads nowhere."""
    if possible(stage, turn, kind):
        return TRANSITIONS[stage, turn]
    if stage in ENDED:
        raise Closed(OVER)
    if kind in SIGNED and turn in _OF_PLEDGES:
        raise Closed(ONLY_SIGNED)
    raise Closed(REFUSED_IN.get((stage, turn), REFUSED[turn]))


def possible(stage: Stage, turn: Turn, kind: Kind = Kind.ACTION) -> bool:
    """Tell whether `turn` leads somewhere from `stage`: for showing or hiding a button."""
    foreign = _OF_PLEDGES if kind in SIGNED else _OF_SIGNATURES
    return (stage, turn) in TRANSITIONS and turn not in foreign


class DemandStatus(StrEnum):
    """Where a demand stands, along the way to an agreement."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    ADOPTED = "adopted"
    NEGOTIATION = "negotiation"
    CONCEDED = "conceded"
    REFUSED = "refused"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


D = DemandStatus

DEMAND_MOVES: dict[DemandStatus, frozenset[DemandStatus]] = {
    D.DRAFT: frozenset({D.PROPOSED, D.WITHDRAWN}),
    D.PROPOSED: frozenset({D.DRAFT, D.ADOPTED, D.MERGED, D.WITHDRAWN}),
    D.ADOPTED: frozenset({D.NEGOTIATION, D.CONCEDED, D.REFUSED, D.PROPOSED, D.MERGED}),
    D.NEGOTIATION: frozenset({D.ADOPTED, D.CONCEDED, D.REFUSED}),
    D.CONCEDED: frozenset({D.NEGOTIATION}),
    D.REFUSED: frozenset({D.NEGOTIATION, D.CONCEDED}),
    D.MERGED: frozenset(),
    D.WITHDRAWN: frozenset({D.DRAFT}),
}
# What an author may do to their own demand; the rest is the organizers' to decide.
AUTHOR_MOVES = frozenset(
    {
        (D.DRAFT, D.PROPOSED),
        (D.PROPOSED, D.DRAFT),
        (D.DRAFT, D.WITHDRAWN),
        (D.PROPOSED, D.WITHDRAWN),
        (D.WITHDRAWN, D.DRAFT),
    }
)
PUBLIC_DEMANDS = frozenset({D.ADOPTED, D.NEGOTIATION, D.CONCEDED, D.REFUSED})
OPEN_DEMANDS = PUBLIC_DEMANDS | {D.PROPOSED}


def demand_may(before: DemandStatus, then: DemandStatus) -> None:
    """Let a demand move from one status to another, or raise Closed."""
    if then not in DEMAND_MOVES[before]:
        raise Closed(msg("That demand cannot take this step from where it stands. Reload the page."))


PLANNING_FACTOR = (3, 4)


def suggested_threshold(unit: int) -> int:
    """Return three quarters of the unit, rounded up: about that share of those who pledge takes part.

    Source: PledgeBank's survey of its users, about three quarters typical. An exact integer.
    """
    return max(1, -(-unit * PLANNING_FACTOR[0] // PLANNING_FACTOR[1]))


def expected(pledged: int) -> int:
    """Return how many of `pledged` to count on, rounded down."""
    return pledged * PLANNING_FACTOR[0] // PLANNING_FACTOR[1]


# A signature waits this long for its address to be confirmed, one from paper longer, then it is deleted.
CONFIRM_WITHIN = timedelta(days=7)
CONFIRM_PAPER_WITHIN = timedelta(days=14)
UNDO_WITHIN = timedelta(days=1)
# After a campaign ended its signers' addresses, the names nobody was to see, and pledges are kept this long;
# pledges for longer where an action goes on: those called must hear that it is over.
KEPT_AFTER_END = timedelta(days=30)
LONGEST_TEST = timedelta(days=90)
# After a structure test it is known for this long who would; then only how many.
ANSWERS_KEPT = timedelta(days=30)
# News by email leaves this much later, so that it can be taken back.
NEWS_WAITS = timedelta(minutes=10)


@dataclass(frozen=True)
class Named:
    """How a signer is shown. place: "" for none."""

    name: str
    place: str


def shown(name: str, place: str, *, public: bool) -> Named | None:
    """Return what the public list says of a signer; None for one who did not choose to be on it."""
    return Named(name, place) if public else None
