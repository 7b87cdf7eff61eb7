"""What comes first for a member, and the next step of a campaign for its organizers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from union.actions.queries import ActionCard
from union.ballots.queries import BallotCard, Duty
from union.bargaining.queries import Overdue
from union.campaigns.queries import CampaignCard
from union.campaigns.rules import Stage
from union.core.i18n import msg
from union.organizing.queries import MyList, TaskCard


@dataclass(frozen=True)
class Task:
    """One line of "what now". text: message id; by: when it must be done or begins, with what that is."""

    text: str
    title: str
    path: str
    status: str
    kind: str
    at: datetime | None = None
    at_text: str = ""


_ACTIONS: dict[str, tuple[int, str, str, str]] = {
    "check_in": (0, msg("Say that you are out: %(title)s"), msg("live now"), "live"),
    "complete": (3, msg("Finish all steps: %(title)s"), msg("live now"), "live"),
    "look": (4, msg("Read what we do: %(title)s"), msg("coming"), "waiting"),
    "watch": (7, msg("Tell us if they hit back: %(title)s"), msg("open"), "neutral"),
}
_DUTIES = {
    "key": msg("Make your key as a trustee: %(title)s"),
    "test": msg("Test your key as a trustee: %(title)s"),
    "shuffle": msg("Shuffle the votes as a trustee: %(title)s"),
    "decrypt": msg("Open the tally as a trustee: %(title)s"),
}


def ranked(
    *,
    actions: Sequence[ActionCard],
    ballots: Sequence[BallotCard],
    duties: Sequence[Duty],
    campaigns: Sequence[CampaignCard],
    applicant: bool,
    email_fails: bool = False,
    tasks: Sequence[TaskCard] = (),
    promises: Sequence[Overdue] = (),
    calling: Sequence[MyList] = (),
) -> tuple[Task, ...]:
    """Return all that waits for a member as one list.

    What is live comes first, then votes, duties, overdue promises, actions, pledges, tasks, people to call.
    """
    found: list[tuple[int, datetime | None, Task]] = []
    if applicant:
        text = msg("Have your membership confirmed")
        found.append((1, None, Task(text, "", "/account", msg("waiting"), "waiting")))
    if email_fails:
        found.append(
            (
                1,
                None,
                Task(
                    msg("Mend your email address: emails to you come back"),
                    "",
                    "/account",
                    msg("waiting"),
                    "waiting",
                ),
            )
        )
    for action in actions:
        if action.next in _ACTIONS:
            rank, text, status, kind = _ACTIONS[action.next]
            ends = action.next in {"check_in", "complete"}
            at, at_text = (
                (action.ends_at, msg("until %(when)s")) if ends else (action.starts_at, msg("%(when)s"))
            )
            if action.next == "watch":
                at = None
            path = f"/actions/{action.slug}"
            found.append((rank, at, Task(text, action.title, path, status, kind, at, at_text if at else "")))
    for ballot in ballots:
        task = Task(
            msg("Vote: %(title)s"),
            ballot.title,
            f"/ballots/{ballot.slug}",
            msg("open"),
            "live",
            ballot.closes_at,
            msg("closes %(when)s"),
        )
        found.append((1, ballot.closes_at, task))
    for duty in duties:
        path = f"/ballots/{duty.slug}"
        text = msg("before %(when)s") if duty.before else ""
        task = Task(
            _DUTIES[duty.what], duty.title, path, msg("waiting for you"), "waiting", duty.before, text
        )
        found.append((2, duty.before, task))
    for promise in promises:
        path = f"/agreements/{promise.agreement}/obligations/{promise.id}"
        text = msg("Say whether it was kept: %(title)s")
        due = msg("was due %(when)s")
        task = Task(text, promise.title, path, msg("overdue"), "refused", promise.due_at, due)
        found.append((2, promise.due_at, task))
    for campaign in campaigns:
        task = Task(
            msg("Decide whether you pledge: %(title)s"),
            campaign.title,
            f"/campaigns/{campaign.slug}",
            msg("gathering"),
            "waiting",
            campaign.pledge_deadline,
            msg("until %(when)s"),
        )
        found.append((5, campaign.pledge_deadline, task))
    found += [
        (
            6,
            card.due_at,
            Task(
                msg("Do: %(title)s"),
                card.title,
                "/tasks",
                msg("open"),
                "waiting",
                card.due_at,
                msg("before %(when)s"),
            ),
        )
        for card in tasks
    ]
    found += [
        (
            6,
            None,
            Task(
                msg("Call people: %(title)s"),
                card.title,
                f"/organizing/calling/{card.id}",
                msg("open"),
                "waiting",
            ),
        )
        for card in calling
    ]
    # What has no moment comes after what has one, within the same rank.
    found.sort(key=lambda item: (item[0], item[1] is None, item[1].timestamp() if item[1] else 0.0))
    return tuple(task for _, _, task in found)


GATHER_SIGNATURES = msg("Gather signatures, then hand them over.")
_STEPS: dict[Stage, str] = {
    Stage.DRAFT: msg("Publish it, so that members can pledge."),
    Stage.GATHERING: msg("Ask members to pledge; it settles at the deadline."),
    Stage.TIPPED: msg("Launch the strike vote."),
    Stage.FELL_SHORT: msg("Talk with members, then gather again."),
    Stage.BALLOT: msg("Remind members to vote; the result comes after the close."),
    Stage.MANDATED: msg("Plan the action."),
    Stage.ACTING: msg("Watch the count, and be there for members."),
    Stage.BARGAINING: msg("Bargain, and tell members how it goes."),
}


def steps_of(card: CampaignCard) -> str:
    """Return the next step of a campaign as a message id; empty once it has ended."""
    if card.signed and card.stage is Stage.GATHERING:
        return GATHER_SIGNATURES
    return _STEPS.get(card.stage, "")
