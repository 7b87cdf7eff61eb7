"""Whoever is sent to somebody else's thing is told what they would be told if it did not exist, and changes nothing."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from sqlalchemy.orm import Session

from tests.factories.members import make_member
from tests.pages import states
from tests.pages.things import Side, make_side
from union.core import db
from union.core.clock import utcnow
from union.core.holding import Holds, stored
from union.core.permissions import Permission, reaches
from union.members import queries as members
from union.organizing.models import NoContact
from union.web.guards import PUBLIC, guard_of, require

WHO = ("member", "sitter", "trustee", "voter", "helper", "chapter organizer", "campaign organizer")
WORDS = dict.fromkeys(("title", "text", "note", "reason", "outcome", "name", "body", "summary"), "Words")
FORM = {"result": "kept", **WORDS, **dict.fromkeys(("yes", "confirm", "agree", "sure"), "y")}
PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")

# What every member may read, wherever it belongs.
READ = re.compile(
    r"/actions/<slug>(\.ics|/point)?"
    r"|/agreements/<slug>/(grievances/new|obligations/<obligation_id>)"
    r"|/bargaining/<slug>(/(team|offers/<int:number>|meetings/<meeting_id>|points/<clause_id>|terms/<page_id>))?"
    r"|/campaigns/<slug>/(demands/new|pledge|ranking)"
    r"|/demands/<demand_id>/amend"
)
# What every member may say, for themselves alone: what a form that is accepted says.
SAID = {
    "/account/noted/calls/<wish>": {},
    "/actions/<slug>/join": {},
    "/actions/<slug>/out": {},
    "/actions/<slug>/done": {},
    "/actions/<slug>/undo": {},
    "/actions/<slug>/point": {"code": "code"},
    "/actions/<slug>/withdraw": {},
    "/agreements/<slug>/grievances/new": {"clause": "1", "text": "The floor was not paid in October."},
    "/ballots/<slug>/code": {},
    "/ballots/<slug>/objections": {"text": "I object."},
    "/ballots/<slug>/observe": {"email": "somebody@example.org"},
    "/campaigns/<slug>/demands/new": {
        "title": "A floor a kilometre",
        "text": "At least twenty cents a kilometre.",
    },
    "/campaigns/<slug>/pledge": {"how": "number", "number": "3", "step": "keep"},
    "/campaigns/<slug>/ranking": {"demand": "demand_id", "move": "add"},
    "/campaigns/<slug>/tests/<test_id>": {"would": "yes"},
    "/demands/<demand_id>/amend": {
        "title": "Another title",
        "text": "Other words altogether.",
        "reason": "Clearer.",
    },
    "/demands/<demand_id>/decide": {"decide-status": "adopted"},
    "/demands/<demand_id>/endorse": {},
}


def value(rule, name, things):
    """What of `things` a route's parameter means, or None."""
    room = rule.split("/")[1]
    if name == "slug":
        return things.get(room)
    fixed = {
        "number": 1,
        "role": "organizer",
        "act": "grant",
        "what": "open",
        "wish": "off",
        "kind": "log_off",
    }
    return things.get(f"{room} {name.removesuffix('_id')}", things.get(name, fixed.get(name)))


def address(rule, things):
    """The rule with somebody's things in it, or None where nobody has such a thing here."""
    found = {name: value(rule, name, things) for name in PARAMETER.findall(rule)}
    return None if None in found.values() else PARAMETER.sub(lambda m: str(found[m[1]]), rule)


class Break:
    """Somebody at a browser who goes where they should not."""

    def __init__(self, app, sign_in, file):
        app.config["WTF_CSRF_ENABLED"] = False
        self.app, self.sign_in, self.file = app, sign_in, file

    def browser(self, member_id):
        client = self.app.test_client()
        self.sign_in(client, member_id)
        with db.reading() as session:
            return client, members.actor_of(session, member_id)

    def rows(self, watch):
        tables = (
            t.name for t in db.Base.metadata.sorted_tables if t.name not in {"attempt", "member_session"}
        )
        return {name: sorted(map(repr, watch.execute(f'SELECT * FROM "{name}"'))) for name in tables}

    def breaches(self, a, b, who, only=None):
        """What people of `a` could do with the things of `b`: (who, method, rule, status, changed tables)."""
        nothing = {k: "nothing" if isinstance(v, str) else 999 for k, v in b.things.items()}
        people = {name: self.browser(a.people[name]) for name in who}
        found, tried = [], 0
        with closing(sqlite3.connect(self.file)) as watch:
            was, version = self.rows(watch), self.version(watch)
            for rule in self.app.url_map.iter_rules():
                guard = guard_of(self.app.view_functions[rule.endpoint])
                there = address(rule.rule, b.things)
                if not rule.arguments or guard == PUBLIC or not there:
                    continue
                if only and rule.rule != only:
                    continue
                for name, (client, actor) in people.items():
                    if not reaches(actor, Permission(guard)):
                        continue
                    for method in rule.methods - {"HEAD", "OPTIONS"}:
                        if rule.rule in SAID if method == "POST" else READ.fullmatch(rule.rule):
                            continue
                        form = FORM if method == "POST" else None
                        answer = client.open(there, method=method, data=form)
                        tried += 1
                        changed = []
                        if (now := self.version(watch)) != version:
                            rows, version = self.rows(watch), now
                            changed, was = [t for t in rows if rows[t] != was[t]], rows
                        told = (answer.status_code, answer.location)
                        if not changed and answer.status_code in {403, 404}:
                            continue
                        gone = client.open(address(rule.rule, nothing), method=method, data=form)
                        if changed or told != (gone.status_code, gone.location):
                            found.append((name, method, rule.rule, answer.status_code, changed))
        return found, tried

    def said(self, a, b, rule, form, who="member"):
        """What one of `a` says at a thing of `b`: (status, rows that changed as (table, whose))."""
        sender = a.people[who]
        client, _ = self.browser(sender)
        form = {name: b.things.get(value, value) for name, value in form.items()}
        with closing(sqlite3.connect(self.file)) as watch:
            was = self.whose(watch)
            status = client.post(address(rule, b.things), data=form).status_code
            changed = self.whose(watch) ^ was
        return status, {(table, whose) for table, whose, _ in changed}

    def sends(self, side, rule, form, who):
        """What somebody's form at a thing of their own side does: (status, tables that changed)."""
        client = self.browser(side.people[who])[0] if who in side.people else self.app.test_client()
        form = {name: side.things.get(value, value) for name, value in form.items()}
        with closing(sqlite3.connect(self.file)) as watch:
            was = self.rows(watch)
            answer = client.post(address(rule, side.things), data=form)
            status = 401 if "/sign-in" in (answer.location or "") else answer.status_code
            now = self.rows(watch)
        return status, {table for table in now if now[table] != was[table]}

    def whose(self, watch):
        """Every row that is of a member, as (table, the member, the row); but for notices, the log, counts."""
        found = set()
        for one in stored():
            told = ", ".join(f'"{name}"' for name in one.columns if name != "endorsed_count")
            for column in one.of(Holds.MEMBER) if one.name not in {"audit_entry", "outbox"} else ():
                rows = watch.execute(f'SELECT "{column}", {told} FROM "{one.name}"')
                found |= {(one.name, row[0], repr(row)) for row in rows}
        return found

    def version(self, watch):
        return watch.execute("PRAGMA data_version").fetchone()


@pytest.fixture
def sides(database):
    with db.transaction() as session:
        return make_side(session, "amsterdam", 1), make_side(session, "utrecht", 2)


@pytest.fixture
def breaking(app, sign_in, tmp_path):
    return Break(app, sign_in, tmp_path / "union.db")


def test_nobody_comes_to_what_is_others(sides, breaking):
    found, tried = breaking.breaches(*sides, WHO)
    assert found == []
    assert tried > 200


@pytest.mark.parametrize("rule", SAID)
def test_what_is_said_is_said_for_oneself_alone(sides, breaking, rule):
    a, _ = sides
    status, changed = breaking.said(*sides, rule, SAID[rule])
    assert status < 500
    assert {whose for _, whose in changed} <= {a.people["member"]}
    if status >= 400:
        assert not changed


@dataclass(frozen=True)
class Sent:
    """A form's rightful sender, one who may not send it, and what makes it acceptable now."""

    ready: Callable[[Session, Side], None] = lambda _session, _side: None
    right: str = "member"
    wrong: str = "applicant"


NOBODY = "somebody not signed in"
"""The wrong sender of what an applicant may say too: it counts once they are a member."""

RIGHTFUL = {
    "/account/noted/calls/<wish>": Sent(wrong=NOBODY),
    "/actions/<slug>/join": Sent(),
    "/actions/<slug>/out": Sent(states.taking_part, wrong="sitter"),
    "/actions/<slug>/done": Sent(states.taking_part, wrong="sitter"),
    "/actions/<slug>/undo": Sent(states.counted, wrong="sitter"),
    "/actions/<slug>/point": Sent(states.live),
    "/actions/<slug>/withdraw": Sent(states.said_in),
    "/agreements/<slug>/grievances/new": Sent(),
    "/ballots/<slug>/code": Sent(states.codes_out, "voter", "member"),
    "/ballots/<slug>/objections": Sent(states.voting, "voter", "member"),
    "/ballots/<slug>/observe": Sent(states.voting, "voter", NOBODY),
    "/campaigns/<slug>/demands/new": Sent(),
    "/campaigns/<slug>/pledge": Sent(wrong=NOBODY),
    "/campaigns/<slug>/ranking": Sent(),
    "/campaigns/<slug>/tests/<test_id>": Sent(),
    "/demands/<demand_id>/amend": Sent(),
    "/demands/<demand_id>/decide": Sent(right="organizer", wrong="voter"),
    "/demands/<demand_id>/endorse": Sent(),
}


def judged(breaking, side, rule, sent):
    """What is wrong with who may send a form: the wrong one first, then at once, in the same state, the right one."""
    with db.transaction() as session:
        sent.ready(session, side)
        side.people["applicant"] = make_member(session, state="applicant", phone=True)
    found = []
    for who, may in ((sent.wrong, False), (sent.right, True)):
        status, changed = breaking.sends(side, rule, SAID[rule], who)
        if (status < 400, bool(changed)) != (may, may):
            found.append(f"{who}: {status}, {sorted(changed)}")
    return found


@pytest.mark.parametrize("rule", SAID)
def test_its_rightful_sender_is_accepted_when_the_wrong_one_is_refused(sides, breaking, rule):
    assert judged(breaking, sides[1], rule, RIGHTFUL[rule]) == []


@pytest.mark.parametrize("rule", ["/actions/<slug>/out", "/actions/<slug>/undo", "/ballots/<slug>/code"])
def test_planted_state_in_which_nobody_is_accepted(sides, breaking, rule):
    """So the refusals above are of who sent it, not of when."""
    found = judged(breaking, sides[1], rule, replace(RIGHTFUL[rule], ready=Sent.ready))
    assert [one.partition(",")[0] for one in found] == [f"{RIGHTFUL[rule].right}: 409"]


@pytest.mark.parametrize("rule", ["/actions/<slug>/join", "/demands/<demand_id>/amend"])
def test_planted_wrong_sender_who_is_accepted(sides, breaking, rule):
    found = judged(breaking, sides[1], rule, Sent(wrong="voter"))
    assert [one.partition(",")[0] for one in found] == ["voter: 303"]


def test_who_decides_on_a_demand_is_an_organizer(sides, breaking):
    for who in ("member", "sitter", "voter", "helper", "chapter organizer", "campaign organizer"):
        status, changed = breaking.said(
            *sides, "/demands/<demand_id>/decide", SAID["/demands/<demand_id>/decide"], who
        )
        assert (status in {403, 404, 422}, changed) == (True, set()), who


def test_planted_fault_somebody_speaks_for_another(sides, breaking):
    @require(Permission.ACCOUNT_OWN)
    def hole(member_id):
        with db.transaction() as session:
            session.add(NoContact(member_id=member_id, at=utcnow()))
        return "done"

    breaking.app.add_url_rule("/hole/<member_id>", "hole", hole, methods=["POST"])
    status, changed = breaking.said(*sides, "/hole/<member_id>", {})
    assert (status, changed) == (200, {("no_contact", sides[1].people["member"])})


def test_the_danger_of_exemptions_no_rule_is_exempt_that_is_not_there(app):
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert set(SAID) <= rules
    assert set(SAID) == set(RIGHTFUL)
    assert sum(bool(READ.fullmatch(rule)) for rule in rules) > 10


def test_what_is_tried_exists(sides, breaking):
    """Whoever may does come there: else the refusals above would say nothing."""
    _, b = sides
    clients = [breaking.browser(one)[0] for one in b.people.values()]
    for rule in (
        "/actions/<slug>/console", "/actions/<slug>/edit", "/bargaining/<slug>/meetings/<meeting_id>/edit",
        "/ballots/<slug>/key", "/ballots/<slug>/run", "/organizing/lists/<list_id>", "/organizing/talks/<talk_id>",
        "/organizing/calling/<list_id>", "/organizing/people/<member_id>", "/organizing/tasks/<task_id>",
        "/polls/<poll_id>", "/grievances/<grievance_id>", "/members/<member_id>",
    ):  # fmt: skip
        answers = [client.get(address(rule, b.things)).status_code for client in clients]
        assert 200 in answers, rule


def test_planted_fault(sides, breaking):
    """A view that finds a thing and never asks whose it is."""

    @require(Permission.ACCOUNT_OWN)
    def hole(talk_id):
        return "open" if talk_id == sides[1].things["talk_id"] else ("", 404)

    breaking.app.add_url_rule("/hole/<talk_id>", "hole", hole)
    found, _ = breaking.breaches(*sides, ("member",), only="/hole/<talk_id>")
    assert found == [("member", "GET", "/hole/<talk_id>", 200, [])]
