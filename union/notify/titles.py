"""What the texts that organizers may word are called on pages: room and occasion, never a file's name."""

from union.core.i18n import msg

TITLES: dict[str, str] = {
    "actions/briefing": msg("Action: what happens when"),
    "actions/start": msg("Action: it is time"),
    "actions/chase": msg("Action: are all steps done?"),
    "actions/changed": msg("Action: the plan has changed"),
    "actions/postponed": msg("Action: put off"),
    "actions/called_off": msg("Action: called off"),
    "actions/goes_on": msg("Action: members voted to go on"),
    "actions/end": msg("Action: it is over"),
    "actions/test": msg("Action: an organizer's test message"),
    "ballots/reminder": msg("Vote: you can still vote"),
    "ballots/result": msg("Vote: the result is in"),
    "ballots/extended": msg("Vote: its close has moved"),
    "ballots/clause": msg("Vote: whether its close may move has changed"),
    "ballots/giving_up": msg("Vote: an officer says that it cannot be counted"),
    "ballots/uncountable": msg("Vote: it could not be counted"),
    "ballots/cancelled": msg("Vote: called off"),
    "ballots/ceremony_halted": msg("Vote: making the key has stopped"),
    "ballots/share_refused": msg("Vote: a trustee's part was refused"),
    "bargaining/claims_wait": msg("Strike pay: claims wait for the officers"),
    "bargaining/claims_due": msg("Strike pay: officers must decide now"),
    "bargaining/claim_waits": msg("Strike pay: a claim still waits"),
    "bargaining/claim_ended": msg("Strike pay: a claim has ended"),
    "bargaining/grievance": msg("Grievance: a new one has come in"),
    "bargaining/grievance_news": msg("Grievance: there is news about it"),
    "bargaining/ratified": msg("Agreement: members said yes"),
    "bargaining/rejected": msg("Agreement: members said no"),
    "bargaining/reminder": msg("Table: something is due"),
    "bargaining/terms_changed": msg("Terms watch: a company changed its terms"),
    "bargaining/terms_trouble": msg("Terms watch: a page cannot be read"),
    "campaigns/called": msg("Pledge round: it has tipped, you are in"),
    "campaigns/released": msg("Pledge round: nothing is asked of you"),
    "campaigns/pledge": msg("Pledge round: where to say that you are in"),
    "campaigns/news": msg("Campaign: news"),
    "campaigns/confirm-follower": msg("Campaign: confirm that you follow it"),
    "campaigns/known-follower": msg("Campaign: you follow it already"),
    "campaigns/confirm-signature": msg("Petition: confirm your signature"),
    "campaigns/known-signature": msg("Petition: you have signed already"),
    "campaigns/text-changed": msg("Petition: its text has changed"),
    "organizing/invite": msg("Organizing: an invitation to join"),
    "organizing/task": msg("Organizing: a task of yours is due"),
    "organizing/text": msg("Organizing: a message to a list"),
}
"""Template → message id; a test holds that none is missing and none is left over."""


def title_of(name: str) -> str:
    """Return the message id of a text's title; its name where it has none, as with texts nobody may word."""
    return TITLES.get(name, name)
