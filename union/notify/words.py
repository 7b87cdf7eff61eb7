"""What states, channels and lanes are called on pages and in the terminal, and the tag each state wears."""

from union.core.i18n import msg
from union.notify.rules.balance import Reason
from union.notify.rules.kinds import Channel, Keyword, Lane, Mailing, State

STATES: dict[State, str] = {
    State.CREATED: msg("waiting"),
    State.SENDING: msg("on its way"),
    State.ACCEPTED: msg("taken by the provider"),
    State.DELIVERED: msg("delivered"),
    State.FAILED: msg("failed"),
    State.EXPIRED: msg("too late, not sent"),
    State.UNKNOWN: msg("in doubt"),
    State.SUPPRESSED: msg("not sent on purpose"),
}
TAGS: dict[State, str] = {
    State.CREATED: "waiting",
    State.SENDING: "live",
    State.ACCEPTED: "agreed",
    State.DELIVERED: "agreed",
    State.FAILED: "refused",
    State.EXPIRED: "neutral",
    State.UNKNOWN: "waiting",
    State.SUPPRESSED: "neutral",
}
CHANNELS: dict[Channel, str] = {
    Channel.SMS: msg("SMS"),
    Channel.EMAIL: msg("email"),
    Channel.PUSH: msg("notification"),
}
LANES: dict[Lane, str] = {
    Lane.LOGIN: msg("sign-in"),
    Lane.ALERT: msg("action alert"),
    Lane.BALLOT: msg("vote"),
    Lane.NEWS: msg("news"),
}
MAILINGS: dict[Mailing, str] = {
    Mailing.CAMPAIGNS: msg("news and alerts of campaigns"),
    Mailing.BALLOTS: msg("notices of votes"),
}
REPLIES: dict[Keyword, str] = {
    Keyword.STOP: msg("no more texts are wanted"),
    Keyword.START: msg("texts are wanted again"),
    Keyword.HELP: msg("help is asked for"),
    Keyword.OUT: msg("out, in the action"),
    Keyword.DONE: msg("all steps are done"),
    Keyword.PLEDGE: msg("a pledge is asked for"),
    Keyword.OTHER: msg("a person has to read it"),
}
PROVIDERS = {"twilio": "Twilio", "sinch": "Sinch", "smtp": "SMTP"}
REASONS: dict[Reason, str] = {
    Reason.START: msg("began"),
    Reason.ERRORS: msg("one of them failed too often"),
    Reason.SLOW: msg("one of them was slow"),
    Reason.MIDDLE: msg("back towards the middle"),
    Reason.HAND: msg("set by hand"),
    Reason.RELEASE: msg("free to move again"),
}
