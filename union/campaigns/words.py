"""How stages, demands and turns of events are called, as message ids, and which tag they wear.

Pure: values in, values out; translated where they are shown.
"""

from dataclasses import dataclass

from union.campaigns.rules import SIGNED, DemandStatus, Kind, Stage
from union.core.i18n import msg

# Stage → (name, kind of tag).
STAGES: dict[Stage, tuple[str, str]] = {
    Stage.DRAFT: (msg("Draft"), "neutral"),
    Stage.GATHERING: (msg("Gathering pledges"), "live"),
    Stage.SIGNED: (msg("Signing is over"), "agreed"),
    Stage.TIPPED: (msg("Tipped"), "agreed"),
    Stage.FELL_SHORT: (msg("Fell short"), "refused"),
    Stage.BALLOT: (msg("Strike vote"), "live"),
    Stage.MANDATED: (msg("Mandate given"), "agreed"),
    Stage.ACTING: (msg("Action under way"), "live"),
    Stage.BARGAINING: (msg("At the table"), "waiting"),
    Stage.WON: (msg("Won"), "agreed"),
    Stage.CLOSED: (msg("Ended"), "neutral"),
}


def stage_of(stage: Stage, kind: Kind) -> tuple[str, str]:
    """Return the name of a stage and its kind of tag, as people say it of this kind of campaign."""
    if stage is Stage.GATHERING and kind in SIGNED:
        return msg("Gathering signatures"), "live"
    return STAGES[stage]


@dataclass(frozen=True)
class KindWords:
    """How one kind of campaign speaks. entails: what an organizer takes on; the rest stands on its pages."""

    name: str
    entails: str
    text_label: str
    text_hint: str
    heading: str
    act: str
    button: str
    counted: str
    deadline: str


KINDS: dict[Kind, KindWords] = {
    Kind.ACTION: KindWords(
        name=msg("Pledge to act together"),
        entails=msg(
            "For strikes, log-offs and switching. Members say how many must act before they do; when enough "
            "are in, a secret vote gives the mandate and the action follows."
        ),
        text_label=msg("What members pledge to do"),
        text_hint=msg("These words are frozen when you publish: nobody can change what members agreed to."),
        heading=msg("What members pledge"),
        act=msg("Join in"),
        button=msg("I pledge"),
        counted=msg("verified members have pledged"),
        deadline=msg("Last moment to pledge"),
    ),
    Kind.PETITION: KindWords(
        name=msg("Petition"),
        entails=msg(
            "Anybody can sign, member or not, and confirms it by email. You hand the signatures over and say "
            "when, to whom and how many."
        ),
        text_label=msg("What the petition asks"),
        text_hint=msg("Frozen when signing starts. A later version is signed afresh."),
        heading=msg("What we ask"),
        act=msg("Sign the petition"),
        button=msg("I sign"),
        counted=msg("signatures confirmed by email"),
        deadline=msg("Last moment to sign"),
    ),
    Kind.LETTER: KindWords(
        name=msg("Open letter"),
        entails=msg(
            "A letter in the name of those under it. Names are shown only of those who choose so. You print "
            "letter and names, and record the hand-over."
        ),
        text_label=msg("The letter in full"),
        text_hint=msg("Frozen when signing starts. A later version is signed afresh."),
        heading=msg("The letter"),
        act=msg("Sign the letter"),
        button=msg("I sign"),
        counted=msg("signatures confirmed by email"),
        deadline=msg("Last moment to sign"),
    ),
    Kind.BOYCOTT: KindWords(
        name=msg("Boycott"),
        entails=msg(
            "People promise to stop using the platform until the demands are met, and may say when they have "
            "stopped. It runs until you end it or its date."
        ),
        text_label=msg("What people promise to stop, and until when"),
        text_hint=msg("Frozen when signing starts. A later version is signed afresh."),
        heading=msg("What we promise"),
        act=msg("Join the boycott"),
        button=msg("I join"),
        counted=msg("promises confirmed by email"),
        deadline=msg("Last moment to join"),
    ),
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
    "amendment_taken_back": msg("An amendment was taken back by its author"),
}

# Turn of events → (title, sentence with its facts, kind of tag).
EVENTS: dict[str, tuple[str, str, str]] = {
    "published": (msg("The campaign is public"), msg("From now on members can pledge."), "neutral"),
    "opened": (msg("The campaign is public"), msg("From now on everybody can sign."), "neutral"),
    "signed": (
        msg("Signing is over"),
        msg("%(confirmed)s confirmed signatures, of %(given)s given."),
        "agreed",
    ),
    "signing_again": (msg("Signing is open again"), msg("Signatures given before still count."), "neutral"),
    "text_changed": (
        msg("The words have changed"),
        msg("Version %(version)s is signed afresh; earlier signatures stay under the words they signed."),
        "neutral",
    ),
    "handed_over": (
        msg("Handed over"),
        msg("To %(to)s, with %(n)s confirmed signatures."),
        "agreed",
    ),
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
