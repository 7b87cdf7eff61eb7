"""No address, whatever is sent to it, lets one person release an action: all of them are tried."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.factories import actions as factory
from tests.pages.test_actions import form_of, wall
from union.actions import jobs, service
from union.actions.models import Action
from union.actions.rules import readiness
from union.actions.rules.states import State
from union.core.actor import Role
from union.core.db import reading, transaction

ROLES = [Role.ORGANIZER, Role.OFFICER, Role.TRUSTEE]
NEVER = {"static", "members.sign_out", "members.erase"}


@pytest.fixture
def now():
    """Pages ask the real clock."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


class Half:
    """Actions that one organizer signed; `fresh` gives one, made anew when the last was changed."""

    def __init__(self, now):
        self.now = now
        self.slug = ""
        with transaction() as session:
            self.first = factory.make_organizer(session, name="Ayla", roles=ROLES)
            self.second = factory.make_organizer(session, name="Bakker")
            called = factory.make_called(session, 12)
            self.campaign = factory.make_campaign(session, now, called=called)

    def row(self):
        with reading() as session:
            found = session.query(Action).filter_by(slug=self.slug).one_or_none()
            return found and (found.state, found.armed_by, found.confirmed_by)

    def fresh(self):
        if self.slug and self.row() == (State.SCHEDULED, self.first.member_id, None):
            return self.slug
        with transaction() as session:
            self.slug = factory.make_scheduled(
                session, self.now, actor=self.first, campaign=self.campaign,
                wall_start=wall(self.now + timedelta(days=2)), wall_end=wall(self.now + timedelta(days=2, hours=2)),
            )  # fmt: skip
            factory.heartbeat(session, self.now)
            service.send_test(session, actor=self.first, now=self.now, slug=self.slug)
            factory.hand_over(session)
            service.arm(session, actor=self.first, now=self.now, slug=self.slug)
        return self.slug


@pytest.fixture
def half(database, now):
    return Half(now)


def addresses(app, half):
    """Yield (method, path) of every route there is, about the half-signed action where it can be."""
    adapter = app.url_map.bind("localhost")
    known = {"campaign_slug": half.campaign, "kind": "log_off", "number": 1, "position": 1, "language": "nl"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in NEVER or rule.endpoint.endswith("static"):
            continue
        own = rule.endpoint.startswith("actions.")
        values = {
            name: known.get(name, half.fresh() if own else half.campaign)
            if name != "slug" or not own
            else half.fresh()
            for name in rule.arguments
        }
        values = {name: fitting(rule._converters[name], value) for name, value in values.items()}
        for method in sorted(rule.methods & {"GET", "POST", "PUT", "DELETE", "PATCH"}):
            yield method, adapter.build(rule.endpoint, values, method=method)


def fitting(converter, value):
    """A value that the place in the address takes."""
    match type(converter).__name__:
        case "IntegerConverter":
            return 1
        case "AnyConverter":
            return min(converter.items)
    return value


def payload(half):
    """All that somebody might send along: the words of every form, and the other organizer's name."""
    other = half.second.member_id
    return {
        **form_of(half.now), "armed_by": other, "confirmed_by": other, "confirm": "yes", "state": "armed",
        "member": other, "member_id": other, "actor": other, "actor_id": other, "user_id": other, "as": other,
        "reason": "Onweer", "_method": "POST", "version": "1", "signed": "2",
    }  # fmt: skip


def try_everything(client, app, half, only=""):
    """Ask every address as the organizer who signed; return those after which the action is released."""
    through = []
    for method, path in list(addresses(app, half)):
        if not path.startswith(only):
            continue
        slug = half.fresh()
        here = path.replace(path.split("/")[2], slug) if path.startswith("/actions/samen-uit") else path
        for facts in ({}, payload(half)):
            sent = {"query_string": facts} if method == "GET" else {"data": facts}
            client.open(here, method=method, **sent)
        state, armed, confirmed = half.row()
        if state in {State.ARMED, State.LIVE} or (confirmed is not None and confirmed != armed):
            through.append(f"{method} {here}")
            half.slug = ""
    return through


@pytest.mark.slow
def test_no_address_lets_one_organizer_release_an_action(client, app, sign_in, half):
    sign_in(client, half.first.member_id)
    assert try_everything(client, app, half) == []


@pytest.mark.slow
def test_a_planted_fault_is_found(client, app, sign_in, half, monkeypatch):
    """An address that signs for somebody else does not get past the sweep."""

    def forged(session, *, actor, now, slug):
        row = session.query(Action).filter_by(slug=slug).one()
        row.confirmed_by, row.confirmed_at, row.state = half.second.member_id, now, State.ARMED

    sign_in(client, half.first.member_id)
    monkeypatch.setattr(service, "authorize", forged)
    found = try_everything(client, app, half, only="/actions/")
    assert [one.rpartition("/")[2] for one in found] == ["authorize"]


def test_the_rule_gone_the_database_still_wants_two(client, sign_in, half, monkeypatch):
    sign_in(client, half.first.member_id)
    slug = half.fresh()
    monkeypatch.setattr(readiness, "require_second", lambda *_: None)
    assert client.post(f"/actions/{slug}/confirm").status_code == 500
    assert half.row()[0] is State.SCHEDULED


def test_the_database_itself_wants_two(half):
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            text("UPDATE action SET confirmed_by = armed_by WHERE slug = :slug"), {"slug": half.fresh()}
        )


@pytest.mark.parametrize("roles", [[], [Role.OFFICER], [Role.TRUSTEE]])
def test_the_second_must_be_an_organizer(client, sign_in, half, roles):
    slug = half.fresh()
    with transaction() as session:
        other = factory.make_organizer(session, name="Cas", roles=roles)
    sign_in(client, other.member_id)
    assert client.post(f"/actions/{slug}/confirm").status_code == 403
    assert half.row()[0] is State.SCHEDULED


def test_an_organizer_who_lost_the_role_meanwhile_signs_nothing(client, sign_in, half):
    from union.core.actor import SYSTEM
    from union.members import service as registry

    slug = half.fresh()
    sign_in(client, half.second.member_id)
    with transaction() as session:
        registry.revoke_role(
            session, actor=SYSTEM, member_id=half.second.member_id, role=Role.ORGANIZER, now=half.now
        )
    assert client.post(f"/actions/{slug}/confirm").status_code == 403


def test_nor_does_the_clock(half, settings):
    slug = half.fresh()
    with reading() as session:
        starts_at = session.query(Action).filter_by(slug=slug).one().starts_at
    for at in (starts_at - timedelta(hours=24), starts_at - timedelta(hours=1), starts_at):
        jobs.run_due(at, settings)
    assert half.row()[0] is State.POSTPONED, "put off, with the reason, rather than run by one"
