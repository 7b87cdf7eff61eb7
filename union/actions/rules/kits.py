"""Steps to start from, for each kind of action, and what to do before it starts.

Pure text: message ids, translated where shown. What an organizer keeps unchanged stays a message id, so that
every member reads it in their own language.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from union.actions.rules.states import Kind
from union.core.errors import Invalid
from union.core.i18n import msg

MOST_STEPS = 20
LONGEST_STEP = 300


@dataclass(frozen=True)
class Kit:
    """What one kind of action asks.

    before: steps before the start; steps: from the start on, in this order.
    """

    name: str
    hint: str
    before: tuple[str, ...]
    steps: tuple[str, ...]


KITS: dict[Kind, Kit] = {
    Kind.DATA_STRIKE: Kit(
        msg("Data strike"),
        msg("Stop sharing, revoke permissions, opt out, and delete in the order that keeps your evidence."),
        (
            msg(
                "Ask for a copy of your data and wait until you have it:"
                " what is deleted cannot be shown later."
            ),
            msg("Take screenshots of your settings, your rating and anything you may need as evidence."),
            msg("Finish or cancel bookings and payments that run over the start."),
        ),
        (
            msg("Turn off location, contacts and background activity for the app in your phone's settings."),
            msg("Withdraw your consent to personalised advertising and to sharing with partners."),
            msg("Object to the use of your data for training and profiling."),
            msg("Only when the campaign asks for it: have your data erased, after you have your copy."),
            msg("Close the app and leave it closed until the end."),
        ),
    ),
    Kind.LOG_OFF: Kit(
        msg("Log-off"),
        msg("Everybody goes offline at the same moment."),
        (
            msg("Cancel shifts you booked in good time, so that nobody can call you unreliable."),
            msg("Finish the ride, delivery or job you are on before the start."),
            msg("Take a screenshot of your rating and your acceptance rate."),
        ),
        (
            msg("Go offline in the app at the start and log out."),
            msg(
                "Do not accept offers that still arrive;"
                " take a screenshot of extra pay that is offered to you."
            ),
            msg("Stay offline until the end."),
        ),
    ),
    Kind.SWITCH: Kit(
        msg("Switch"),
        msg("Move to an alternative together."),
        (
            msg("Make an account with the alternative that the campaign names."),
            msg("Export your contacts, lists and history while you still can."),
            msg("Tell the people who look for you where you will be."),
        ),
        (
            msg("Move your activity to the alternative at the start."),
            msg("Leave a short note on your old profile that says where you went and why."),
            msg("Turn off notifications of the old app."),
        ),
    ),
    Kind.CALL_IN: Kit(
        msg("Call-in"),
        msg("Everybody calls or writes to the company within the same hours."),
        (
            msg("Write down in two sentences what happened to you and what you ask for."),
            msg("Look up your customer or account number."),
        ),
        (
            msg(
                "Call or write to the company's own service channel;"
                " stay friendly, the person there decides nothing."
            ),
            msg("Ask for a case number and a date by which you get an answer."),
            msg("Note the time, the case number and the answer."),
        ),
    ),
    Kind.REVIEW_BLACKOUT: Kit(
        msg("Review or profile blackout"),
        msg("Reviews, pictures and profiles go dark together."),
        (
            msg("Save the texts and pictures that you are going to hide."),
            msg("Take screenshots of your profile as it is now."),
        ),
        (
            msg("Hide your reviews and pictures, or replace your profile picture with the campaign's."),
            msg("Post nothing new until the end."),
        ),
    ),
    Kind.CUSTOM: Kit(
        msg("Something else"),
        msg("You write the steps yourself."),
        (),
        (msg("Do what we agreed at the start, and stay with it until the end."),),
    ),
}


def lines_of(text: str) -> list[str]:
    """Return the steps typed one to a line; raises Invalid for too many or too long ones."""
    found = [line.strip(" \t\r-•*") for line in text.splitlines()]
    found = [line for line in found if line]
    if len(found) > MOST_STEPS:
        raise Invalid(msg("Use at most %(most)s steps; nobody reads more."), most=MOST_STEPS)
    if any(len(line) > LONGEST_STEP for line in found):
        raise Invalid(msg("Keep each step under %(most)s characters."), most=LONGEST_STEP)
    return found


def unchanged(lines: Iterable[str], translate: Callable[[str], str]) -> list[str]:
    """Return `lines`, a kit's step in the writer's language turned back into its message id."""
    known = {translate(step): step for kit in KITS.values() for step in (*kit.before, *kit.steps)}
    return [known.get(line, line) for line in lines]
