"""What is done about a ballot when things go wrong: a lost code, a lost key, a close that may move."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from union.ballots import service
from union.ballots.forms import ExtensionForm
from union.ballots.queries import BallotPage
from union.ballots.queries.pages import GivenUp
from union.ballots.run_forms import GiveUpForm, ReissueForm
from union.ballots.views.kit import Step, blueprint, settings
from union.core.actor import Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.web.forms import Form
from union.web.guards import current_actor, require
from union.web.i18n import gettext


def smaller_forms(page: BallotPage) -> dict[str, Form]:
    """Return the organizers' page's smaller forms as they stand, by their names in the template."""
    extension = ExtensionForm(formdata=None)
    extension.show(page.clause)
    return {
        "extension_form": extension,
        "give_up_form": GiveUpForm(formdata=None),
        "reissue_form": ReissueForm(formdata=None),
    }


def giving_up(said: GivenUp) -> list[Step]:
    """Return the buttons for the second officer: agree, or take it back."""
    officer = Role.OFFICER in current_actor().roles
    reason = None if officer else gettext(msg("Only an officer can do this."))
    if reason is None and said.mine:
        agree: str | None = gettext(msg("A second officer must agree: you said it yourself."))
    elif reason is None and utcnow() < said.agree_from:
        agree = gettext(msg("The trustees have a day to come with their share. Agree after that."))
    else:
        agree = reason
    sure = gettext(
        msg("This cannot be undone: no vote is ever counted, and everybody on the roll is told your words.")
    )
    return [
        Step("give-up", gettext(msg("Agree: it cannot be counted")), "danger", agree, sure),
        Step("keep-counting", gettext(msg("Take it back: keep counting")), "secondary", reason),
    ]


def change_clause(slug: str, form: ExtensionForm) -> str:
    """Keep whether the close may move."""
    clause = form.clause()
    with transaction() as session:
        service.set_extension(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            clause=clause,
            public_url=settings().public_url,
        )
    return gettext(
        msg("The close may move once, as written.") if clause else msg("Nothing can move the close.")
    )


def say_uncountable(slug: str, form: GiveUpForm) -> str:
    """Publish the first officer's word."""
    with transaction() as session:
        service.ask_to_give_up(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            note=form.note.data or "",
            public_url=settings().public_url,
        )
    return gettext(msg("It is said in public. A second officer can agree after a day."))


def replace_code(slug: str, form: ReissueForm) -> str:
    """Replace the code of the member that was named."""
    with reading() as session:
        member_id = members.find_member(session, (form.member.data or "").strip())
    if member_id is None:
        raise NotFound(msg("We know no such member."), field="member")
    _send_new_code(slug, member_id)
    return gettext(msg("The code is struck. A new one is on its way to the member."))


def _send_new_code(slug: str, member_id: str) -> service.Reissued:
    with transaction() as session:
        return service.reissue(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            member_id=member_id,
            public_url=settings().public_url,
        )


@blueprint.post("/ballots/<slug>/code")
@require(Permission.BALLOT_CAST)
def new_code(slug: str) -> ResponseReturnValue:
    """Strike the member's own voting code and send a new one."""
    sent = _send_new_code(slug, str(current_actor().member_id))
    where = msg("by email") if sent.channel == "email" else msg("by text message")
    flash(
        gettext(
            msg("Your old code is struck. A new one is on its way %(where)s; only the newest works."),
            where=gettext(where),
        ),
        "ok",
    )
    return redirect(url_for("ballots.page", slug=slug), 303)
