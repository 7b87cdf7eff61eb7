"""What the organizers' page says and offers about the trustees, and what weakens the secret they keep."""

from union.ballots.queries import BallotPage
from union.ballots.queries.seats import Seat
from union.ballots.rules import State
from union.ballots.views.kit import Check, Step
from union.core.i18n import msg
from union.web.i18n import gettext, when


def ceremony_words(page: BallotPage) -> str | None:
    """Return how far the key ceremony is, in words; None without one."""
    if page.threshold is None or page.state == State.DRAFT or not page.keys_missing:
        return None
    if page.accused:
        return gettext(msg("halted: a share of %(name)s does not fit"), name=page.accused)
    waits = ", ".join(seat.name for seat in page.holders if page.owes_key(seat))
    return gettext(msg("step %(step)s of 3, waits for %(names)s"), step=page.ceremony_step, names=waits)


def tests(page: BallotPage) -> list[Check]:
    """Return the line of the checklist that counts test decryptions, while they can be made."""
    if not page.holders or page.opened_at or page.keys_missing:
        return []
    tested = len(page.holders) - len(page.untested)
    share = gettext(msg("%(there)s of %(all)s"), there=tested, all=len(page.holders))
    return [Check(gettext(msg("Test decryptions")), None if page.untested else True, share)]


def opening(page: BallotPage, missing: str | None, *, again: bool) -> Step:
    """Return the button that opens voting; it names the trustees who have not tested their keys."""
    early = gettext(msg("Voting starts at once. The rule and the times can no longer change."))
    fields = None
    if page.untested and not page.keys_missing:
        names = ", ".join(seat.name for seat in page.untested)
        fields = {"untested": ",".join(str(seat.position) for seat in page.untested)}
        early += " " + gettext(
            msg(
                "These trustees have not shown that they still have their keys: %(names)s. If too many keys"
                " are lost, the votes can never be counted. That you open all the same is written down."
            ),
            names=names,
        )
    reason = missing if again else gettext(msg("The voting codes are not handed out yet."))
    kind = "primary" if again else "secondary"
    return Step("open", gettext(msg("Open voting now")), kind, reason, early, fields)


def anew(page: BallotPage, *, again: bool) -> list[Step]:
    """Return the button that makes the trustees' keys anew, once there is something to make anew."""
    if not any(seat.has_key or seat.steps for seat in page.holders):
        return []
    sure = gettext(
        msg("Every key and every step done so far is void, and all trustees start anew. They are told.")
    )
    if again:
        sure += " " + gettext(
            msg("Voting codes stay good, but voting cannot open before all keys are there again.")
        )
    if page.threshold:
        text = gettext(msg("Start the key ceremony again"))
    else:
        text = gettext(msg("Have all keys made anew"))
    return [Step("keys-anew", text, "secondary" if page.accused else "quiet", confirm=sure)]


def cautions(page: BallotPage) -> list[Check]:
    """Return what voters are told because it weakens the secret."""
    found = []
    if page.server_only:
        found.append(Check(gettext(msg("Only the server holds a key: voters are told so")), ok=False))
    if page.tells_too_much:
        few = gettext(
            msg("with fewer than 50 voters or more than 6 answers a rare order can point to whoever gave it")
        )
        found.append(Check(gettext(msg("Orders are published: voters are told so")), ok=False, detail=few))
    if page.exposed:
        alone = gettext(msg("%(n)s members have a weight that few share: it can name them"), n=page.exposed)
        found.append(Check(gettext(msg("Weights are public: voters are told so")), ok=False, detail=alone))
    return found


def shuffles(page: BallotPage) -> Check:
    """Return the line of the checklist that says how far the shuffles are, and who is waited for."""
    done = sum(seat.shuffle == "done" for seat in page.seats)
    detail = gettext(msg("%(there)s of %(all)s"), there=done, all=len(page.seats))
    if page.turn is not None and page.turn_since is not None:
        since = when(page.turn_since, page.zone)
        turn = gettext(msg("waiting for %(name)s since %(when)s"), name=page.turn.name, when=since)
        detail = f"{detail}; {turn}"
    return Check(gettext(msg("Trustees' shuffles of the votes")), True if page.shuffled else None, detail)


def while_shuffling(page: BallotPage, turn: Seat) -> list[Step]:
    """Return what can be done while one trustee is waited for, and what is lost by not waiting."""
    others = [seat for seat in page.seats if seat.position != turn.position and seat.shuffle != "left out"]
    reason = None if others else gettext(msg("Somebody must shuffle."))
    lost = gettext(
        msg(
            "%(n)s trustees are left to shuffle. If all of those put together what they know, they can tell"
            " which vote was whose. With every trustee who shuffles that becomes harder."
        ),
        n=len(others),
    )
    return [
        Step("remind-shuffler", gettext(msg("Remind %(name)s"), name=turn.name), "secondary"),
        Step(
            "leave-out",
            gettext(msg("Go on without the shuffle of %(name)s"), name=turn.name),
            "danger",
            reason,
            lost,
        ),
    ]
