"""The house rules hold, and each gate bites a planted fault."""

import os
import re
import subprocess
import sys
import textwrap
import tomllib

import pytest
from flask import Flask
from jinja2 import Environment, StrictUndefined, TemplateSyntaxError
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from tests.house import gates
from union.core import db
from union.core.actor import Actor, Place, PlaceKind, Role
from union.core.permissions import Permission, reaches
from union.web.guards import PUBLIC, guard_of, public
from union.web.headers import HEADERS, policy

SNAPSHOT = gates.ROOT / "tests/house/routes.txt"


class TestOneCommitSite:
    def test_only_the_core_commits(self):
        assert [p for path, source in gates.modules() for p in gates.commits(path, source)] == []

    def test_only_edges_open_transactions(self):
        assert [p for path, source in gates.modules() for p in gates.opened_transactions(path, source)] == []

    def test_only_edges_ask_the_time(self):
        assert [p for path, source in gates.modules() for p in gates.clock_readers(path, source)] == []

    def test_planted_faults(self):
        fault = "def pledge(session):\n    session.commit()\n"
        assert gates.commits("union/campaigns/service.py", fault) == ["union/campaigns/service.py:2 commits"]
        fault = "def pledge():\n    with transaction() as s:\n        pass\n"
        assert gates.opened_transactions("union/campaigns/service.py", fault)
        assert not gates.opened_transactions("union/campaigns/views.py", fault)
        assert gates.clock_readers("union/campaigns/rules.py", "def f():\n    return utcnow()\n")


class TestRoutes:
    def test_every_route_has_a_guard(self, app):
        assert gates.unguarded(app) == []

    def test_planted_fault_is_found_and_refused(self, settings, database):
        from union.app import create_app

        app = create_app(settings)
        app.add_url_rule("/hole", "hole", lambda: "open")
        assert gates.unguarded(app) == ["hole"]
        assert app.test_client().get("/hole").status_code == 403

    def test_a_visitor_is_refused_everywhere_else(self, app):
        """Every non-public address, by every method it takes, sends a visitor to sign in or refuses."""
        app.config["WTF_CSRF_ENABLED"] = False
        visitor = app.test_client()
        tried = 0
        for rule in app.url_map.iter_rules():
            guard = guard_of(app.view_functions[rule.endpoint])
            if guard == PUBLIC:
                continue
            path = re.sub(r"<(?:int:)[^>]+>", "1", rule.rule)
            path = re.sub(r"<[^>]+>", "x", path)
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                answer = visitor.open(path, method=method)
                assert answer.status_code in {303, 403}, f"{method} {path} gave {answer.status_code}"
                if answer.status_code == 303:
                    assert "/sign-in" in answer.location
                tried += 1
        assert tried > 20

    @staticmethod
    def allowed(permission, roles, local):
        plain = reaches(roles["member"], permission)
        shown = {**roles, **({} if plain else local)}
        return [(name, actor) for name, actor in shown.items() if reaches(actor, permission)]

    def test_the_table_of_roles_and_routes_is_as_agreed(self, app):
        """routes.txt is the whole (route × role) table: a change shows in the diff. UPDATE_SNAPSHOTS=1 rewrites it."""
        roles = {
            "applicant": Actor(member_id="a"),
            "member": Actor(member_id="a", active=True, roles=frozenset({Role.MEMBER})),
            **{
                r.value: Actor(member_id="a", active=True, roles=frozenset({Role.MEMBER, r}))
                for r in (Role.TRUSTEE, Role.ORGANIZER, Role.OFFICER)
            },
        }
        # a role limited to a place is named where it opens more than being a member does
        local = {
            f"{role.value}@{kind.value}": Actor(
                member_id="a",
                active=True,
                roles=frozenset({Role.MEMBER}),
                duties=frozenset({(role, Place(kind, "here"))}),
            )
            for role, kind in (
                (Role.ORGANIZER, PlaceKind.CHAPTER),
                (Role.ORGANIZER, PlaceKind.CAMPAIGN),
                (Role.HELPER, PlaceKind.LIST),
            )
        }
        lines = []
        for rule in sorted(app.url_map.iter_rules(), key=lambda r: (r.rule, sorted(r.methods))):
            guard = guard_of(app.view_functions[rule.endpoint])
            who = (
                "everybody"
                if guard == PUBLIC
                else " ".join(n for n, a in self.allowed(Permission(guard), roles, local))
            )
            methods = ",".join(sorted(rule.methods - {"HEAD", "OPTIONS"}))
            lines.append(f"{methods:9} {rule.rule:60} {who}")
        table = "\n".join(lines) + "\n"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            SNAPSHOT.write_text(table)
        assert SNAPSHOT.read_text() == table


class TestHeaders:
    def test_exact_on_every_public_route(self, app):
        visitor = app.test_client()
        for rule in app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.arguments:
                continue
            answer = visitor.get(rule.rule)
            assert answer.headers["Content-Security-Policy"] in {policy(), policy(embeddable=True)}, rule.rule
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, (rule.rule, name)

    def test_errors_carry_them_too(self, app):
        assert app.test_client().get("/no/such/page").headers["Content-Security-Policy"] == policy()

    def test_the_policy_is_the_strict_one(self):
        for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "trusted-types 'none'"):
            assert part in policy()
        assert "unsafe" not in policy()

    def test_planted_fault_a_kit_without_headers_fails_the_check(self):
        bare = Flask("bare")
        bare.add_url_rule("/", "front", public(lambda: "x"))
        assert "Content-Security-Policy" not in bare.test_client().get("/").headers


class TestTemplates:
    def test_every_template_compiles_and_forbids_the_undefined(self, app):
        assert app.jinja_env.undefined is StrictUndefined
        names = app.jinja_env.list_templates(extensions=["html", "txt", "xml", "svg", "ics"])
        assert len(names) > 20
        for name in names:
            app.jinja_env.get_template(name)

    def test_planted_fault(self):
        with pytest.raises(TemplateSyntaxError):
            Environment(undefined=StrictUndefined, autoescape=True).from_string("{% if %}")


class TestWords:
    def test_dutch_is_complete(self):
        assert gates.untranslated(gates.extracted(gates.UNION), gates.known_words("nl")) == []

    def test_rooms_agree_on_words(self):
        assert gates.contradictions(sorted(gates.UNION.glob("*/nl.po"))) == []

    def test_planted_faults(self):
        found = {"Cast %(n)s ballots for %(name)s": {"x.html"}, "Leave": {"y.html"}}
        known = {"Cast %(n)s ballots for %(name)s": ("Stem voor %(naam)s",)}
        assert len(gates.untranslated(found, known)) == 2


class TestContracts:
    def test_planted_fault_in_the_floors(self, tmp_path):
        """A core that imports a room is refused by the same contract that guards the real tree."""
        package = tmp_path / "union"
        for room in (
            "core",
            "web",
            "audit",
            "notify",
            "platforms",
            "members",
            "ballots",
            "campaigns",
            "actions",
            "home",
        ):
            (package / room).mkdir(parents=True)
            (package / room / "__init__.py").write_text("")
        for module in ("__init__", "app", "cli", "scheduler", "demo", "bench"):
            (package / f"{module}.py").write_text("")
        (package / "core/__init__.py").write_text("import union.members\n")
        (tmp_path / ".importlinter").write_text(
            textwrap.dedent("""
            [importlinter]
            root_package = union
            [importlinter:contract:floors]
            name = floors
            type = layers
            layers =
                union.members
                union.core
        """)
        )
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                "from importlinter.cli import lint_imports_command; lint_imports_command()",
                "--no-cache",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert ran.returncode == 1, ran.stdout + ran.stderr
        assert "union.core is not allowed to import union.members" in ran.stdout


class TestTheBroker:
    """Celery stays behind one module: the very contract of pyproject, held against a union that broke it."""

    @pytest.mark.parametrize(("where", "refused"), [("notify/delivery/rabbit", False), ("notify/jobs", True)])
    def test_only_the_engine_knows_celery(self, tmp_path, where, refused):
        told = tomllib.loads((gates.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
        [contract] = [one for one in told if one["id"] == "celery"]
        planted = {"notify/delivery/rabbit", "notify/jobs"}
        for module in planted:
            path = tmp_path / "union" / f"{module}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("import celery, kombu, amqp\n" if module == where else "")
        for folder in ("union", "union/notify", "union/notify/delivery"):
            (tmp_path / folder / "__init__.py").write_text("")
        lines = [
            f"{key} =\n    " + "\n    ".join(contract[key])
            for key in ("protected_modules", "allowed_importers")
        ]
        head = ["[importlinter]", "root_package = union", "include_external_packages = True"]
        body = ["[importlinter:contract:celery]", "name = celery", "type = protected", *lines]
        (tmp_path / ".importlinter").write_text("\n".join([*head, *body]) + "\n")
        ran = subprocess.run(
            [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        assert ran.returncode == int(refused), ran.stdout + ran.stderr
        assert ("union.notify.jobs" in ran.stdout) is refused


class TestAnonymityWall:
    """Nothing stored joins the content of a cast ballot, or a settled pledge's minimum, to a member."""

    PRIVATE = {"cast_ballot", "board_record", "public_credential", "refusal_log", "checkin_tally"}

    def test_no_column_leads_to_a_member(self):
        tables = [t for t in db.Base.metadata.sorted_tables if t.name in self.PRIVATE]
        assert {t.name for t in tables} >= self.PRIVATE - {"refusal_log"}
        assert [p for t in tables for p in gates.linked_columns(t, private=self.PRIVATE)] == []

    def test_a_rolls_mark_has_no_time_and_no_ballot(self):
        roll = db.Base.metadata.tables["roll_entry"]
        assert not [
            c.name for c in roll.columns if c.name.endswith("_at") or "hash" in c.name or "tracker" in c.name
        ]

    def test_planted_faults(self):
        metadata = MetaData()
        Table("member", metadata, Column("id", String, primary_key=True))
        planted = Table(
            "cast_ballot",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("member_id", String),
            Column("owner", ForeignKey("member.id")),
            Column("cast_at", db.Instant),
        )
        assert len(gates.linked_columns(planted, private=self.PRIVATE)) == 3
