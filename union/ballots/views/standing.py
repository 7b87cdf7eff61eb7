"""Where a ballot stands, and the steps that are possible now, each with the reason where one is not yet."""

from union.ballots.queries import BallotPage, RunPage
from union.ballots.rules import State
from union.ballots.views.exceptions import giving_up
from union.ballots.views.keyholders import (
    anew,
    cautions,
    ceremony_words,
    opening,
    shuffles,
    tests,
    while_shuffling,
)
from union.ballots.views.kit import Check, Step
from union.core.actor import Role
from union.core.i18n import msg
from union.web.guards import current_actor
from union.web.i18n import gettext, number, when


def checklist(run: RunPage) -> list[Check]:
    """Return what there is and what is missing, from the rule to the shares of the count."""
    page = run.page
    keys = len(page.seats) - page.keys_missing
    rule_words: str = page.rule["name"]
    rule_name = gettext(rule_words)
    fresh = not page.rule_stale or page.rule_confirmed
    found = [
        Check(
            gettext(msg("Rule: %(name)s"), name=rule_name),
            fresh,
            "" if fresh else gettext(msg("past its review date; an officer must confirm it")),
        ),
        Check(
            gettext(msg("Trustees' keys")),
            True if not page.keys_missing else None,
            ceremony_words(page) or gettext(msg("%(there)s of %(all)s"), there=keys, all=len(page.seats)),
        ),
    ]
    found += tests(page)
    found += cautions(page)
    sent = run.credentials
    if page.codes_by_officer:
        share = gettext(msg("%(n)s made offline: they come from the officer"), n=number(page.eligible))
        found.append(Check(gettext(msg("Voting codes")), ok=True, detail=share))
    elif sent.total:
        share = gettext(
            msg("%(delivered)s of %(all)s handed over"),
            delivered=number(sent.delivered + sent.accepted),
            all=number(sent.total),
        )
        found.append(
            Check(
                gettext(msg("Voting codes")),
                True if sent.delivered + sent.accepted == sent.total else None,
                share,
            )
        )
    else:
        share = gettext(msg("%(n)s members are entitled now"), n=number(run.entitled))
        found.append(Check(gettext(msg("Voting codes")), None, share))
    if page.unreachable:
        missing = gettext(
            msg("%(n)s members on the roll have no confirmed channel and get no code"), n=page.unreachable
        )
        found.append(Check(gettext(msg("Reaching everybody")), ok=False, detail=missing))
    opened = page.opened_at is not None
    found.append(
        Check(
            gettext(msg("Opening")),
            True if opened else None,
            when(page.opened_at or page.opens_at, page.zone),
        )
    )
    closed = page.closed_at is not None
    found.append(
        Check(
            gettext(msg("Closing")),
            True if closed else None,
            when(page.closed_at or page.closes_at, page.zone),
        )
    )
    if page.ranked:
        found.append(shuffles(page))
    there = page.shares_needed - page.shares_missing
    shares = gettext(msg("%(there)s of %(needed)s needed"), there=there, needed=page.shares_needed)
    found.append(
        Check(
            gettext(msg("Trustees' shares of the count")), True if not page.shares_missing else None, shares
        )
    )
    return found


def steps(page: BallotPage) -> list[Step]:
    """Return the buttons that belong to the state, each with the reason why it is off, where it is."""
    state = State(page.state)
    found: list[Step] = []
    if page.rule_stale and not page.rule_confirmed and not page.opened_at:
        officer = Role.OFFICER in current_actor().roles
        reason = None if officer else gettext(msg("Only an officer can do this."))
        found.append(Step("confirm-rule", gettext(msg("Confirm the rule")), "secondary", reason))
    if state is State.DRAFT:
        found.append(Step("ask-keys", gettext(msg("Ask the trustees for their keys")), "primary"))
    if state in {State.KEYS, State.CREDENTIALS}:
        found += _before_opening(page, state)
    if page.given_up and state is State.CLOSED:
        found += giving_up(page.given_up)
    if page.may_be_held_again:
        same = gettext(
            msg("This drafts a new ballot: same paper, rule, trustees and electorate. Nothing is sent yet.")
        )
        found.append(Step("again", gettext(msg("Hold this ballot again")), "primary", confirm=same))
    if page.shuffling and page.turn is not None:
        found += while_shuffling(page, page.turn)
    if state is State.OPEN:
        found.append(Step("remind", gettext(msg("Remind those who have not voted")), "secondary"))
    if state in {State.DRAFT, State.KEYS, State.CREDENTIALS, State.OPEN}:
        sure = gettext(msg("This cannot be undone: no vote is counted, and everybody with a code is told."))
        found.append(Step("cancel", gettext(msg("Call the ballot off")), "danger", confirm=sure))
    return found


def _before_opening(page: BallotPage, state: State) -> list[Step]:
    missing = (
        gettext(msg("%(n)s trustees' keys are missing."), n=page.keys_missing) if page.keys_missing else None
    )
    again = state is State.CREDENTIALS
    warn = (
        gettext(msg("All codes handed out so far stop working, and everybody gets a new one."))
        if again
        else gettext(msg("This freezes the roll and sends every member on it a personal voting code."))
    )
    text = (
        gettext(msg("Hand out new voting codes"))
        if again
        else gettext(msg("Freeze the roll and hand out voting codes"))
    )
    codes = Step("credentials", text, "secondary" if again else "primary", missing, warn)
    return [codes, opening(page, missing, again=again), *anew(page, again=again)]
