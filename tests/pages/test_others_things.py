"""Whoever is sent to somebody else's thing is told what they would be told if it did not exist, and changes nothing."""

import re
import sqlite3
from contextlib import closing

import pytest

from tests.pages.things import make_side
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
    "/actions/<slug>/point": {"code": "12345"},
    "/actions/<slug>/withdraw": {},
    "/agreements/<slug>/grievances/new": {"clause": "1", "text": "The floor was not paid in October."},
    "/ballots/<slug>/code": {},
    "/ballots/<slug>/objections": {"text": "I object."},
    "/ballots/<slug>/observe": {"email": "somebody@example.org"},
    "/campaigns/<slug>/demands/new": {
        "title": "A floor a kilometre",
        "text": "At least twenty cents a kilometre.",
    },
    "/campaigns/<slug>/pledge": {"at_least": "3", "agree": "y"},
    "/campaigns/<slug>/ranking": {"demand": "demand_id", "move": "add"},
    "/campaigns/<slug>/tests/<test_id>": {"answer": "yes"},
    "/demands/<demand_id>/amend": {
        "title": "Another title",
        "text": "Other words altogether.",
        "reason": "Clearer.",
    },
    "/demands/<demand_id>/decide": {"then": "adopted", "status": "adopted"},
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


def test_most_of_what_is_said_is_accepted(sides, breaking):
    """Else the test above would say nothing."""
    taken = {rule for rule in SAID if breaking.said(*sides, rule, SAID[rule])[0] < 400}
    assert {
        "/actions/<slug>/join", "/agreements/<slug>/grievances/new", "/campaigns/<slug>/demands/new",
        "/demands/<demand_id>/amend", "/demands/<demand_id>/endorse", "/account/noted/calls/<wish>",
    } <= taken  # fmt: skip


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
