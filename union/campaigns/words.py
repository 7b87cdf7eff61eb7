"""How stages, demands and turns of events are called, as message ids, and which tag they wear.

Pure: values in, values out; translated where they are shown.
"""

from union.campaigns.rules import DemandStatus, Stage
from union.core.i18n import msg

# Stage → (name, kind of tag).
STAGES: dict[Stage, tuple[str, str]] = {
    Stage.DRAFT: (msg("Draft"), "neutral"),
    Stage.GATHERING: (msg("Gathering pledges"), "live"),
    Stage.TIPPED: (msg("Tipped"), "agreed"),
    Stage.FELL_SHORT: (msg("Fell short"), "refused"),
    Stage.BALLOT: (msg("Strike vote"), "live"),
    Stage.MANDATED: (msg("Mandate given"), "agreed"),
    Stage.ACTING: (msg("Action under way"), "live"),
    Stage.BARGAINING: (msg("At the table"), "waiting"),
    Stage.WON: (msg("Won"), "agreed"),
    Stage.CLOSED: (msg("Ended"), "neutral"),
}

DEMANDS: dict[DemandStatus, tuple[str, str]] = {
    DemandStatus.DRAFT: (msg("Your draft"), "neutral"),
    DemandStatus.PROPOSED: (msg("Proposed"), "waiting"),
    DemandStatus.ADOPTED: (msg("Adopted"), "neutral"),
    DemandStatus.NEGOTIATION: (msg("In negotiation"), "waiting"),
    DemandStatus.CONCEDED: (msg("Conceded"), "agreed"),
    DemandStatus.REFUSED: (msg("Refused"), "refused"),
    DemandStatus.MERGED: (msg("Part of another demand"), "neutral"),
    DemandStatus.WITHDRAWN: (msg("Withdrawn"), "neutral"),
}

# What a button says that gives a demand this status.
DEMAND_ACTS: dict[DemandStatus, str] = {
    DemandStatus.DRAFT: msg("Take back as a draft"),
    DemandStatus.PROPOSED: msg("Show it to members"),
    DemandStatus.ADOPTED: msg("Adopt"),
    DemandStatus.NEGOTIATION: msg("It is being negotiated"),
    DemandStatus.CONCEDED: msg("They conceded it"),
    DemandStatus.REFUSED: msg("They refused it"),
    DemandStatus.MERGED: msg("Make it part of another demand"),
    DemandStatus.WITHDRAWN: msg("Withdraw"),
}

HISTORY: dict[str, str] = {
    "draft": msg("Written as a draft"),
    "proposed": msg("Proposed to all members"),
    "adopted": msg("Adopted as a demand of the campaign"),
    "negotiation": msg("Brought to the table"),
    "conceded": msg("Conceded by the company"),
    "refused": msg("Refused by the company"),
    "merged": msg("Made part of another demand"),
    "withdrawn": msg("Withdrawn by its author"),
    "amended": msg("An amendment was proposed"),
    "amendment_accepted": msg("An amendment was taken in"),
    "amendment_declined": msg("An amendment was turned down"),
}

# Turn of events → (title, sentence with its facts, kind of tag).
EVENTS: dict[str, tuple[str, str, str]] = {
    "published": (msg("The campaign is public"), msg("From now on members can pledge."), "neutral"),
    "tipped": (
        msg("The campaign tipped"),
        msg("%(called)s of the %(pledged)s who pledged act together."),
        "agreed",
    ),
    "fell_short": (
        msg("The pledge round fell short"),
        msg("%(pledged)s pledged; the threshold was %(threshold)s. Nobody is called."),
        "refused",
    ),
    "gather_again": (msg("A new pledge round"), msg("Everybody pledges afresh."), "neutral"),
    "vote_launched": (
        msg("A strike vote is being prepared"),
        msg("Members on the roll get their voting credential before it opens."),
        "waiting",
    ),
    "vote_refused": (
        msg("The strike vote did not pass"),
        msg("%(cast)s of %(eligible)s voted. Without a mandate there is no action."),
        "refused",
    ),
    "vote_cancelled": (msg("The strike vote was cancelled"), "", "refused"),
    "mandate": (
        msg("Members gave a mandate"),
        msg("%(cast)s of %(eligible)s voted, and the vote passed."),
        "agreed",
    ),
    "mandate_extended": (
        msg("Members decided to go on"),
        msg("%(cast)s of %(eligible)s voted, and the vote passed."),
        "agreed",
    ),
    "mandate_expired": (
        msg("The mandate has expired"),
        msg("An action now needs a new strike vote."),
        "neutral",
    ),
    "acting": (msg("The action has started"), "", "live"),
    "bargaining": (msg("We are at the table"), "", "waiting"),
    "test_reached": (
        msg("The agreed majority is reached"),
        msg("%(yes)s of %(unit)s would take part."),
        "agreed",
    ),
    "won": (msg("We won"), "", "agreed"),
    "closed": (msg("The campaign has ended"), "", "neutral"),
}
