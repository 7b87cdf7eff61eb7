"""What the organizers' page says and offers about the trustees before the opening."""

from union.ballots.queries import BallotPage
from union.ballots.rules import State
from union.ballots.views.kit import Check, Step
from union.core.i18n import msg
from union.web.i18n import gettext


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
