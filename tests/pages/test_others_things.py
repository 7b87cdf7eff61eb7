"""Whoever is sent to somebody else's thing is told what they would be told if it did not exist, and changes nothing."""

import re
import sqlite3
from contextlib import closing

import pytest

from tests.pages.things import make_side
from union.core import db
from union.core.permissions import Permission, reaches
from union.members import queries as members
from union.web.guards import PUBLIC, guard_of, require

WHO = ("member", "sitter", "trustee", "voter", "helper", "chapter organizer", "campaign organizer")
WORDS = dict.fromkeys(("title", "text", "note", "reason", "outcome", "name", "body", "summary"), "Words")
FORM = {**WORDS, **dict.fromkeys(("yes", "confirm", "agree", "sure"), "y")}
PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")

# What every member may open or say, wherever it belongs; or a form whose sending looks who sends it.
SHARED = re.compile(
    r"/account/noted/calls/<wish>"
    r"|/actions/<slug>(\.ics|/(join|out|done|undo|point|withdraw))?"
    r"|/agreements/<slug>/(edit|end|grievances/new|obligations/<obligation_id>)"
    r"|/ballots/<slug>/(code|objections|observe)"
    r"|/bargaining/<slug>(/(team|letters/new|offers/new|offers/.*|meetings/<meeting_id>|points/<clause_id>|terms/<page_id>))?"
    r"|/campaigns/<slug>/(demands/new|pledge|ranking|tests/<test_id>)"
    r"|/demands/<demand_id>/(amend|decide|edit|endorse)"
)


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
                if not rule.arguments or guard == PUBLIC or not there or SHARED.fullmatch(rule.rule):
                    continue
                if only and rule.rule != only:
                    continue
                for name, (client, actor) in people.items():
                    if not reaches(actor, Permission(guard)):
                        continue
                    for method in rule.methods - {"HEAD", "OPTIONS"}:
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
